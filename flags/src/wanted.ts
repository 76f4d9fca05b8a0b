import { createHash } from 'node:crypto';
import { type Phase, phases } from '@atlas/contracts/ledger';
import { migrateFlag, splitFlag } from './registry.ts';

/** A flag as a client sees it. Only the parts read here; anything else Unleash sends is ignored. */
export type FlagState = {
  name: string;
  enabled: boolean;
  strategies?:
    | readonly { name: string; parameters?: Record<string, unknown>; constraints?: readonly unknown[]; variants?: readonly FlagVariant[] }[]
    | undefined;
  variants?: readonly FlagVariant[] | undefined;
};
export type FlagVariant = { name: string; weight: number; payload?: { type: string; value: string } | undefined };

/**
 * What an operator asks of one slice. `phase` and `split` (percent, 0–100) are null when the flag is off, absent or cannot be read;
 * `problems` says why it cannot. `revision` is a hash of all of it: it changes when, and only when, the wish changes.
 */
export type Wanted = { slice: string; phase: Phase | null; split: number | null; problems: string[]; revision: string };

/** Reads a slice's wish from flag states. Pure. A flag is for a whole slice: rollouts under 100 %, constraints and several weighted variants are problems, not guesses. */
export function wantedOf(states: ReadonlyMap<string, FlagState>, slice: string): Wanted {
  const problems: string[] = [];
  const phaseText = chosen(states.get(migrateFlag(slice)), problems);
  const splitText = chosen(states.get(splitFlag(slice)), problems);
  const phase = phaseText === null ? null : readPhase(slice, phaseText, problems);
  const split = splitText === null ? null : readPercent(slice, splitText, problems);
  const revision = createHash('sha256')
    .update(JSON.stringify([phase, split, problems]))
    .digest('hex')
    .slice(0, 16);
  return { slice, phase, split, problems, revision };
}

/** The split in force: never above what the ledger allows. `wanted` in percent, null when no limit is asked for. */
export function effectiveSplitBasisPoints(ledgerBasisPoints: number, wanted: number | null): number {
  return wanted === null ? ledgerBasisPoints : Math.min(ledgerBasisPoints, Math.round(wanted * 100));
}

function chosen(state: FlagState | undefined, problems: string[]): string | null {
  if (state === undefined || !state.enabled) return null;
  const strategies = state.strategies ?? [];
  if (strategies.length > 1) return refuse(problems, `${state.name} has ${strategies.length} strategies; it must have one`);
  const strategy = strategies[0];
  if (strategy !== undefined && (strategy.constraints ?? []).length > 0)
    return refuse(problems, `${state.name} has constraints; it speaks for the whole slice`);
  const rollout = strategy?.parameters?.['rollout'];
  if (rollout !== undefined && Number(rollout) !== 100)
    return refuse(
      problems,
      `${state.name} is rolled out to ${String(rollout)} %; it speaks for the whole slice (the split flag is for percentages)`,
    );
  const variants = strategy?.variants?.length ? strategy.variants : (state.variants ?? []);
  const weighted = variants.filter((variant) => variant.weight > 0);
  if (weighted.length > 1)
    return refuse(
      problems,
      `${state.name} has ${weighted.length} variants with weight (${weighted.map((v) => v.name).join(', ')}); give one 100 %`,
    );
  const payload = weighted[0]?.payload;
  if (payload === undefined) return refuse(problems, `${state.name} is on without a variant that has a payload`);
  return payload.value.trim();
}

function readPhase(slice: string, value: string, problems: string[]): Phase | null {
  const phase = phases.find((candidate) => candidate === value);
  if (phase === undefined) return refuse(problems, `${migrateFlag(slice)} asks for "${value}"; phases are ${phases.join(', ')}`);
  return phase;
}

function readPercent(slice: string, value: string, problems: string[]): number | null {
  const percent = Number(value);
  if (value === '' || !Number.isFinite(percent) || percent < 0 || percent > 100)
    return refuse(problems, `${splitFlag(slice)} asks for "${value}"; it is a percentage from 0 to 100`);
  return percent;
}

function refuse(problems: string[], problem: string): null {
  problems.push(problem);
  return null;
}
