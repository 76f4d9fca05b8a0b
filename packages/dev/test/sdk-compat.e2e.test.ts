import { expect, test } from 'vitest';
import { isGood } from '../src/sdk-compat/judge.ts';
import { tableText } from '../src/sdk-compat/table.ts';
import { compareSdks } from '../src/sdk-compat.ts';
import { bringTo, stack } from './shared-stack.ts';

test('every call of both published SDKs works directly and through the gateway, with the same answers and the requests once recorded', async () => {
  await bringTo('legacy'); // elsewhere the legacy itself rightly refuses what it does not own
  const rows = await compareSdks(stack);
  expect(
    rows.filter((row) => !isGood([row])),
    tableText(rows),
  ).toEqual([]);
  expect(rows.length).toBeGreaterThan(200);
});
