import { expect, test } from 'vitest';
import { planDocument, readPlanDocument } from './document.ts';
import { parsePlan } from './parse.ts';

const fence = '```';
const good = `# Plan
Prose.
${fence}yaml
atlas:
  maxBlindSeconds: 600
  unsliced:
    - GET /users/me read
${fence}
${fence}yaml
slice: notifications
upstream: notifications
stickiness: user
routes:
  - GET /emails/outbox/:id read
  - POST /emails/send-email write
canary: { steps: [5, 25, 100], stepSeconds: 3 }
shadow: { samplePercent: 50, minSamples: 20, maxMismatchPercent: 0, windowSeconds: 3 }
parity: { maxAgeSeconds: 60, maxRowsChanged: 10000 }
lag: { maxMs: 250, maxMsP99: 500 }
load: { p99MsMax: 500, errorRateMax: 0, maxAgeSeconds: 3600 }
pact: { maxAgeSeconds: 3600 }
move: { holdMsMax: 2000, heldRequestsMax: 1000, heldBytesMax: 16777216 }
${fence}
`;

function mistakesOf(text: string): string[] {
  const result = parsePlan(text);
  return 'mistakes' in result ? result.mistakes.map(({ line, message }) => `${line} ${message}`) : [];
}

test('a plan without mistakes survives being published and read back', () => {
  const result = parsePlan(good);
  if (!('plan' in result)) throw new Error(JSON.stringify(result));
  expect(result.plan.slices[0]?.routes).toEqual([
    { method: 'GET', path: '/emails/outbox/:id', effect: 'read' },
    { method: 'POST', path: '/emails/send-email', effect: 'write' },
  ]);
  expect(readPlanDocument(JSON.parse(JSON.stringify(planDocument(result.plan))))).toEqual(result.plan);
});

test('all mistakes are told at once, each with its line', () => {
  const bad = good
    .replace('stickiness: user', 'stickiness: cookie\nstickyness: user')
    .replace('POST /emails/send-email write', 'POST emails/send-email')
    .replace('maxBlindSeconds: 600', 'maxBlindSeconds: soon');
  expect(mistakesOf(bad)).toEqual([
    '5 atlas.maxBlindSeconds: Invalid input: expected number, received string',
    '12 stickiness: Invalid option: expected one of "user"|"project"',
    '13 stickyness: is not a key of the plan',
    '16 routes.1: "POST emails/send-email" is not a route; write it as "GET /emails/outbox/:id read"',
  ]);
});

test.each([
  ['a step that falls', good.replace('[5, 25, 100]', '[25, 5, 100]'), 'canary.steps must rise to 100'],
  ['a slice that is there twice', good + good.slice(good.lastIndexOf(`${fence}yaml`)), 'is there twice'],
  ['no atlas block', good.slice(good.lastIndexOf(`${fence}yaml`)), 'no "atlas:" block'],
  ['broken yaml', good.replace('slice: notifications', 'slice: [notifications'), ''],
  ['a block of no kind', `${good}${fence}yaml\nfoo: 1\n${fence}\n`, 'starts with "slice:" or "atlas:"'],
])('%s is refused', (_label, text, message) => {
  const mistakes = mistakesOf(text);
  expect(mistakes.length).toBeGreaterThan(0);
  expect(mistakes.join('\n')).toContain(message);
});
