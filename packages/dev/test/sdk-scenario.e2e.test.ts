import { beforeAll, describe, expect, test } from 'vitest';
import { runScenario } from '../src/scenario/run-scenario.ts';
import { sdkVersions } from '../src/scenario/sdk.ts';
import type { Transcript } from '../src/scenario/transcript.ts';
import { bringTo, control, target } from './shared-stack.ts';

// The legacy itself, without anything of ours before it, says what is right.
const direct = new Map<string, Transcript>();

beforeAll(async () => {
  await bringTo('legacy');
  for (const [version, transcript] of await runAll('legacy')) direct.set(version, transcript);
});

test('the scenario covers what the published SDKs do', () => {
  for (const version of sdkVersions) {
    const steps = direct.get(version) ?? [];
    expect(steps.length).toBeGreaterThan(30);
    expect(steps.filter(({ result }) => 'threw' in result).map(({ step }) => step)).toEqual([
      'no transactional',
      'create bob again',
      'write to a stranger',
      'unknown category',
    ]);
  }
});

describe.each(['legacy', 'replicating', 'shadow', 'canary', 'extracted'] as const)('in phase %s', (phase) => {
  test('both SDK versions get through the gateway what the legacy itself gives', async () => {
    await bringTo(phase);
    const through = await runAll('gateway');
    expect((await control.status()).phase).toBe(phase);
    for (const version of sdkVersions) expect(through.get(version), version).toEqual(direct.get(version));
  });
});

async function runAll(at: 'gateway' | 'legacy'): Promise<Map<string, Transcript>> {
  const transcripts = await Promise.all(sdkVersions.map(async (version) => [version, await runScenario(version, target(at))] as const));
  return new Map(transcripts);
}
