import type { SliceStatus } from '@atlas/contracts/control';
import { type Phase, phases } from '@atlas/contracts/ledger';
import { setFlag } from '@atlas/flags/admin';
import { migrateFlag, splitFlag } from '@atlas/flags/registry';
import { AppError } from '@atlas/kit/errors';
import type { Control } from './control.ts';

export type WalkDeps = {
  control: Control;
  unleash: { url: string; adminToken: string };
  slice: string;
  /** Told about twice a second what the walk waits for. */
  waiting(text: string): void;
  /** Told when a phase or split was reached. */
  reached(text: string): void;
};

/** One wish of the operator: a phase, and for canary how many percent. */
export type Wish = { phase: Phase; percent?: number };

const pollMs = 200;
const secondsMax = 120;
const unseenMsMax = 5_000;
const flagsSeenMs = 2_500;

/** Asks for one phase by setting the slice's flags, as an operator in the flag console would, and waits until the control plane got there. */
export async function walkTo(deps: WalkDeps, wish: Wish): Promise<void> {
  await setFlags(deps, wish);
  await arrive(deps, wish, () => askAgain(deps, wish));
}

async function setFlags(deps: WalkDeps, wish: Wish): Promise<void> {
  if (wish.percent !== undefined) await setFlag(deps.unleash, splitFlag(deps.slice), wish.percent);
  await setFlag(deps.unleash, migrateFlag(deps.slice), wish.phase);
}

/** A wish counts when it changes: one that stood in the flags before somebody asked for something else must be taken back and made again. */
async function askAgain(deps: WalkDeps, wish: Wish): Promise<void> {
  await setFlag(deps.unleash, migrateFlag(deps.slice), null);
  await new Promise((resolve) => setTimeout(resolve, flagsSeenMs));
  await setFlags(deps, wish);
}

/** Brings a slice that is further on back to `phase`, without flags, wherever an earlier run left it. */
export async function bringBack(deps: WalkDeps, phase: Phase): Promise<void> {
  const status = await deps.control.status();
  if (status.move === null && phases.indexOf(status.phase) <= phases.indexOf(phase)) return;
  await deps.control.ask(phase);
  await arrive(deps, { phase });
}

async function arrive(deps: WalkDeps, wish: Wish, askAgain?: () => Promise<void>): Promise<void> {
  const unseenUntil = performance.now() + unseenMsMax;
  let again = askAgain;
  const deadline = performance.now() + secondsMax * 1000;
  let last = '';
  for (;;) {
    const status = await deps.control.status();
    const place = placeOf(status);
    if (place !== last) deps.reached(place);
    last = place;
    if (isThere(status, wish)) return;
    assertGoesOn(status, wish);
    if (performance.now() > deadline) throw stuck(status, wish, `not reached within ${secondsMax} s`);
    if (again !== undefined && status.intent === null && performance.now() > unseenUntil) {
      await again();
      again = undefined;
    }
    deps.waiting(`${place} ⋯ ${nameOf(wish)}: ${waitText(status)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function isThere(status: SliceStatus, { phase, percent }: Wish): boolean {
  const isSplit = percent === undefined || phase !== 'canary' || status.splitBasisPoints === percent * 100;
  return status.phase === phase && status.move === null && isSplit;
}

/** Two things never pass by waiting: a move that was given up, and databases that differ. */
function assertGoesOn(status: SliceStatus, wish: Wish): void {
  const { intent, gates, evidence } = status;
  if (intent?.want === wish.phase && intent.state === 'failed') throw stuck(status, wish, intent.reason);
  const parity = gates.find((gate) => gate.gate === 'parity');
  const isDifferent = evidence.some(({ kind, verdict }) => kind === 'parity' && verdict === 'fail');
  if (parity?.verdict === 'fail' && isDifferent) throw stuck(status, wish, parity.why);
}

function stuck(status: SliceStatus, wish: Wish, why: string): AppError {
  return new AppError('MOVE_REFUSED', { message: `${nameOf(wish)}: ${why}. It waits for: ${waitText(status)}` });
}

/** Where the slice is, as the closing line says it. */
export function placeOf({ phase, splitBasisPoints }: Pick<SliceStatus, 'phase' | 'splitBasisPoints'>): string {
  return phase === 'canary' ? `canary ${splitBasisPoints / 100} %` : phase;
}

function nameOf({ phase, percent }: Wish): string {
  return percent === undefined || phase !== 'canary' ? phase : `canary ${percent} %`;
}

function waitText({ intent, gates, move }: SliceStatus): string {
  if (move !== null) return `the move (${move})`;
  const holding = (intent?.gates.length ? intent.gates : gates).filter((gate) => gate.verdict !== 'pass');
  const first = holding[0];
  return first === undefined ? (intent?.reason ?? 'the control plane to see the flag') : `${first.gate}: ${first.why || first.value}`;
}

/** `legacy → replicating → shadow → canary 5 25 100 % → extracted` from the places in their order, told once each. */
export function wayOf(places: readonly string[]): string[] {
  const way: string[] = [];
  let percents: string[] = [];
  for (const place of places) {
    const [, percent] = /^canary ([\d.]+) %$/.exec(place) ?? [];
    if (percent === undefined) {
      percents = [];
      if (place !== way.at(-1)) way.push(place);
      continue;
    }
    if (percent === '0' || percents.includes(percent)) continue;
    if (percents.length > 0) way.pop();
    percents = [...percents, percent];
    way.push(`canary ${percents.join(' ')} %`);
  }
  return way;
}
