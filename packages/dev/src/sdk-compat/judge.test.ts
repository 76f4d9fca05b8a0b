import { expect, test } from 'vitest';
import type { CallRecord } from './call.ts';
import { isGood, judge } from './judge.ts';
import { tableText } from './table.ts';
import { readTrace, traceLines } from './traces.ts';

const version = '2.8.108';
const trace = new Map([['user.signOut', ['DELETE /auth/sessions/<id> client+tok']]]);
const record = (changes: Partial<CallRecord> = {}): CallRecord => ({
  call: 'user.signOut',
  works: true,
  result: { value: null },
  exchanges: [
    { request: { method: 'DELETE', path: '/api/v1/auth/sessions/<id 1>', as: 'client+tok', body: null }, response: { status: 200 } },
  ],
  ...changes,
});
const rowsOf = (direct: CallRecord[], gateway: CallRecord[]) => judge({ version, direct, gateway, trace });

test('a call that works at both doors in the same way, with the recorded requests, is good', () => {
  const rows = rowsOf([record()], [record()]);
  expect(rows).toEqual([{ call: 'user.signOut', version, direct: true, gateway: true, isSame: true, isAsRecorded: true, notes: [] }]);
  expect(isGood(rows)).toBe(true);
  expect(tableText(rows)).toContain('1 of 1 calls work directly and through the gateway, the same');
});

test.each([
  ['fails at one door', [record()], [record({ works: false, result: { refusal: 'X', message: 'no' } })], 'gateway: X: no'],
  ['gives something else', [record()], [record({ result: { value: { name: 'Ann' } } })], 'differs at .result.value'],
  ['answers otherwise', [record()], [record({ exchanges: [] })], 'differs at .exchanges.0'],
  ['sends other requests', [record({ exchanges: [] })], [record({ exchanges: [] })], 'recorded ["DELETE'],
  ['is made at one door only', [record()], [], 'gateway: not called'],
  ['is not made at all', [], [], 'not called in this run'],
])('a call that %s is not good, and the table says why', (_name, direct, gateway, words) => {
  const rows = rowsOf(direct, gateway);
  expect(isGood(rows)).toBe(false);
  expect(tableText(rows)).toContain(words);
});

test('no rows are no proof', () => {
  expect(isGood([])).toBe(false);
});

test('requests are told in the words of the trace, without what the cache asks for by itself', () => {
  const lines = traceLines([
    { method: 'GET', path: '/api/v1/users/me', as: 'client+tok', body: null },
    { method: 'POST', path: '/api/v1/connected-accounts/me/github/a%40b.co/access-token', as: 'client', body: { scope: 'repo' } },
    { method: 'POST', path: '/api/v1/team-permissions/<id 1>/<id 2>/compat_team', as: 'server', body: {} },
    { method: 'PATCH', path: '/api/v1/users/<id 2>?x=1', as: 'server', body: { b: 1, a: 2 } },
  ]);
  expect(lines).toEqual([
    'POST /connected-accounts/me/github/<account>/access-token client scope',
    'POST /team-permissions/<id>/<id>/<permission> server',
    'PATCH /users/<id>?x=1 server a b',
  ]);
});

test('both versions have a trace of over ninety calls', () => {
  for (const each of ['2.8.102', '2.8.108'] as const) expect(readTrace(each).size).toBeGreaterThan(90);
});
