import { expect, test } from 'vitest';
import { renderProperties } from './render-properties.ts';

test('names are filled in, comments stay as they are', () => {
  expect(renderProperties('# @NAMES@ are filled in\nport=@PORT@\nurl=x:@PORT@', { PORT: '9111' })).toBe(
    '# @NAMES@ are filled in\nport=9111\nurl=x:9111',
  );
});

test('a name without a value and a value without a name are refused', () => {
  expect(() => renderProperties('port=@PORT@', {})).toThrow('@PORT@');
  expect(() => renderProperties('port=1', { PORT: '1' })).toThrow('nothing uses PORT');
});
