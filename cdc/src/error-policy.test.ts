import { AppError } from '@atlas/kit/errors';
import { expect, test } from 'vitest';
import { codeOf, policyFor } from './error-policy.ts';

const database = (code: string) => Object.assign(new Error('database'), { code });

test.each([
  [new AppError('STREAM_GAP'), 'stop'],
  [new AppError('FOREIGN_EVENT'), 'stop'],
  [new AppError('TERM_LOST'), 'stop'],
  [new AppError('UNAVAILABLE'), 'retry'],
  [database('23514'), 'park'],
  [database('22P02'), 'park'],
  [database('42703'), 'stop'],
  [database('40P01'), 'retry'],
  [database('57P01'), 'retry'],
  [new Error('socket hang up'), 'retry'],
])('%s: %s', (error, act) => {
  expect(policyFor(error).act).toBe(act);
  expect(policyFor(error).next.length).toBeGreaterThan(20);
});

test('the code shown is ours, else the database’s', () => {
  expect([codeOf(new AppError('PLACEHOLDER')), codeOf(database('23514')), codeOf(new Error('x'))]).toEqual([
    'PLACEHOLDER',
    '23514',
    'INTERNAL',
  ]);
});
