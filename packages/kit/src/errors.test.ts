import { expect, test } from 'vitest';
import { AppError, assertNever, errorText } from './errors.ts';

test('an error says its code, its facts and its causes', () => {
  const error = new AppError('FENCE_REFUSED', { slice: 'notifications', epoch: 7n }, new Error('lock timeout'));
  expect(errorText(error)).toBe('FENCE_REFUSED: slice="notifications" epoch=7 ← lock timeout');
  expect(error).toMatchObject({ code: 'FENCE_REFUSED', facts: { epoch: 7n } });
});

test('a refused connection to two addresses is told as both', () => {
  expect(errorText(new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')], ''))).toBe(
    '::1 refused; 127.0.0.1 refused',
  );
});

test('a value outside a union is a programmer’s mistake', () => {
  expect(() => assertNever('x' as never)).toThrow(/unexpected value: "x"/);
});
