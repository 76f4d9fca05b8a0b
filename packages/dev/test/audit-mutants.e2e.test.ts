import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { arm, disarm, stack } from './shared-stack.ts';

afterEach(async () => {
  await disarm('cdc');
  await disarm('gatewayAdmin');
});

test('a short demo of the system as it is, is green', async () => {
  const { code, figures } = await shortDemo();
  expect(figures).toMatchObject({
    flips: 1,
    failed: 0,
    lost: 0,
    doubled: 0,
    unexplained: 0,
    staleOwnReads: 0,
    mailsDoubled: 0,
    details: [],
  });
  expect(code).toBe(0);
});

test.each([
  ['a dropped event', 'cdc', 'apply.event.drop'],
  ['an event applied twice', 'cdc', 'apply.event.twice'],
  ['a held write let through to both sides', 'gatewayAdmin', 'gateway.hold.leak'],
] as const)('%s turns the short demo red', async (_name, part, failpoint) => {
  const { code, figures } = await shortDemo(() => arm(part, failpoint, 'trigger'));
  expect(code).toBe(1);
  const { lost, doubled, unexplained, mailsDoubled, staleOwnReads, failure } = figures as Record<string, number | string | undefined>;
  const isSeen = Number(lost) + Number(doubled) + Number(unexplained) + Number(mailsDoubled) + Number(staleOwnReads) > 0;
  expect(isSeen || String(failure).includes('rows differ'), JSON.stringify(figures)).toBe(true);
});

/** `npm run demo -- --short` on this stack; `breakIt` happens once its traffic runs. */
async function shortDemo(breakIt?: () => Promise<void>): Promise<{ code: number | null; figures: Record<string, unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), 'atlas-demo-'));
  const file = join(folder, 'figures.json');
  await breakIt?.();
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/demo.ts'), '--short', '--json', file], {
    env: { ...process.env, ATLAS_STACK_PREFIX: String(stack.prefix) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  const figures = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  rmSync(folder, { recursive: true });
  return { code, figures };
}
