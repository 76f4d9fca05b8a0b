import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Move, Phase, Side } from '@atlas/contracts/ledger';
import { expect, test } from 'vitest';
import { decide } from '../../src/decide/decide.ts';
import { type Decision, whys } from '../../src/decide/decision.ts';
import type { Facts, Standing, UnitFacts } from '../../src/decide/facts.ts';
import { compileTable } from '../../src/table/route-table.ts';
import { notificationsPlan } from '../support/plan.ts';

// The cases are read at load: each becomes one test with its first line as the name.
type Case = { file: string; title: string; given: Map<string, string>; expected: string };

const folder = import.meta.dirname;
const table = compileTable(notificationsPlan(), 1n, new Set(['notifications']));
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.case.txt'))
  .flatMap((file) => readCases(file));

test.each(cases.map((one) => [one.title, one] as const))('%s', (_title, one) => {
  expect(answerTo(one)).toBe(one.expected);
});

test('every why has a case', () => {
  const seen = new Set(cases.flatMap((one) => one.expected.split(' ')));
  expect(whys.filter((why) => !seen.has(why))).toEqual([]);
});

test('a case with a word nobody knows is a mistake, not a pass', () => {
  const broken = {
    file: '',
    title: '',
    given: new Map([
      ['plan', 'notifications legacy'],
      ['gateway', 'leese=lost'],
      ['request', 'GET /api/v1/a'],
    ]),
    expected: '',
  };
  expect(() => answerTo(broken)).toThrow(/leese/);
});

function readCases(file: string): Case[] {
  const text = readFileSync(join(folder, file), 'utf8').replaceAll(/^#.*\n/gm, '');
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .map((block) => readCase(file, block.trim().split('\n')));
}

function readCase(file: string, [title = '', ...lines]: string[]): Case {
  const fold = lines.findIndex((line) => line.trim() === '---');
  const expected = lines.slice(fold + 1).map((line) => line.trim().replaceAll(/\s+/g, ' '));
  if (fold === -1 || expected.length !== 1) throw new Error(`${file}: "${title}" needs --- and one line after it`);
  const given = lines.slice(0, fold).map((line) => line.trim().match(/^(plan|unit|gateway|copy|request)\s+(.*)$/) ?? [line, '?', '?']);
  return { file, title, given: new Map(given.map(([, key = '', value = '']) => [key, value])), expected: expected[0] ?? '' };
}

function answerTo(one: Case): string {
  const [method = '', path = ''] = words(one, 'request');
  const route = table.find(method, path);
  if (route.kind === 'unknown') return 'not found';
  return written(decide({ ...factsOf(one), effect: route.effect, ...(route.kind === 'unsliced' ? { unit: 'none' as const } : {}) }));
}

function factsOf(one: Case): Facts {
  const [slice = '', phase = '', split = '0%'] = words(one, 'plan');
  const side: Side = phase === 'extracted' || phase === 'retired' ? 'extracted' : 'legacy';
  const unit: UnitFacts = {
    slice,
    phase: phase as Phase,
    owner: side,
    reads: side,
    epoch: 2n,
    move: null,
    splitBasisPoints: Math.round(Number.parseFloat(split) * 100),
  };
  const facts: Facts = {
    effect: 'read',
    unit,
    isLeased: true,
    isBlind: false,
    nowMs: 0,
    deadlineMs: 15_000,
    standing: 'unknown',
    isSampled: false,
  };
  for (const word of words(one, 'unit')) setUnit(unit, word);
  for (const word of words(one, 'gateway')) setGateway(facts, word);
  for (const word of words(one, 'request').slice(2)) setRequest(facts, word);
  const [standing] = words(one, 'copy');
  return { ...facts, standing: (standing ?? 'unknown') as Standing };
}

function setUnit(unit: UnitFacts, word: string): void {
  const [key, value = ''] = word.split('=');
  if (key === 'owner') unit.owner = value as Side;
  else if (key === 'reads') unit.reads = value as Side;
  else if (key === 'move') unit.move = value as Move;
  else if (key === 'epoch') unit.epoch = BigInt(value);
  else throw new Error(`unit: ${word}`);
}

function setGateway(facts: Facts, word: string): void {
  const [key, value = ''] = word.split('=');
  if (word === 'lease=lost') facts.isLeased = false;
  else if (word === 'blind') facts.isBlind = true;
  else if (word === 'late') facts.nowMs = facts.deadlineMs;
  else if (word === 'unread') facts.unit = 'unread';
  else if (key === 'pin') facts.pin = value as Side;
  else if (key === 'broken') facts.broken = value as Side;
  else throw new Error(`gateway: ${word}`);
}

function setRequest(facts: Facts, word: string): void {
  const [key, value = ''] = word.split('=');
  if (word === 'sampled') facts.isSampled = true;
  else if (word === 'user=none') facts.bucket = undefined;
  else if (key === 'user') facts.bucket = Number(value.replace('bucket:', ''));
  else if (key === 'override') facts.override = value as Side;
  else if (key === 'listed') facts.listed = value as 'allow' | 'deny';
  else throw new Error(`request: ${word}`);
}

function words(one: Case, key: string): string[] {
  return (one.given.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
}

function written(decision: Decision): string {
  if (decision.kind === 'hold') return 'hold';
  if (decision.kind === 'refuse') return `refuse ${decision.status} ${decision.code}`;
  return `${decision.upstream} ${decision.why}${decision.shadow === true ? ' shadow' : ''}`;
}
