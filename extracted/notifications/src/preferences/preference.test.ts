import { expect, test } from 'vitest';
import { assertMayChange, categoryById, categoryByName, preferenceItems, transactional } from './preference.ts';

const marketing = categoryByName('Marketing');

test('what was never turned off is on, in fixed order', () => {
  expect(preferenceItems([]).map((item) => [item.notification_category_name, item.enabled])).toEqual([
    ['Transactional', true],
    ['Marketing', true],
  ]);
  expect(preferenceItems([{ categoryId: marketing.id, enabled: false }]).map((item) => item.enabled)).toEqual([true, false]);
});

test('a category that must stay on can be turned on, never off', () => {
  expect(() => assertMayChange(transactional, true)).not.toThrow();
  expect(() => assertMayChange(marketing, false)).not.toThrow();
  expect(() => assertMayChange(transactional, false)).toThrow('This notification category cannot be disabled');
});

test('an unknown category is a 404', () => {
  expect(() => categoryById('x')).toThrow(expect.objectContaining({ status: 404 }));
  expect(() => categoryByName('marketing')).toThrow('Notification category not found.');
});
