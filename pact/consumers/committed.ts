import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

const committed = join(import.meta.dirname, '../pacts');

/** An empty folder for one run's contract: what was agreed before must not leak into it. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'atlas-pact-'));
}

/** The contract just recorded must be the committed one; ATLAS_UPDATE_PACTS=1 commits it to the folder instead. */
export function settleContract(dir: string, file: string): void {
  const recorded = inOrder(JSON.parse(readFileSync(join(dir, file), 'utf8')));
  rmSync(dir, { recursive: true });
  const path = join(committed, file);
  if (process.env['ATLAS_UPDATE_PACTS'] === '1') writeFileSync(path, `${JSON.stringify(recorded, null, 2)}\n`);
  expect(recorded, 'the SDK asks for something else: ATLAS_UPDATE_PACTS=1 pnpm exec vitest run --project int pact/consumers').toEqual(
    JSON.parse(readFileSync(path, 'utf8')),
  );
}

/** Interactions by description, without the names of the tools that wrote them. */
function inOrder(pact: { interactions: { description: string; providerStates: unknown }[]; metadata: object }) {
  const key = (interaction: { description: string; providerStates: unknown }) =>
    `${interaction.description} ${JSON.stringify(interaction.providerStates)}`;
  const interactions = pact.interactions.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
  return { ...pact, interactions, metadata: { pactSpecification: { version: '4.0' } } };
}
