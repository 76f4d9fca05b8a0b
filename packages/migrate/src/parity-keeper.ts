import type { Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { errorText } from '@atlas/kit/errors';
import type { FactPorts, Facts } from './facts.ts';
import { askGates, holding } from './gates/all.ts';
import { verifyParity } from './parity.ts';

const againAfterMs = 3_000;

/** Keeps parity evidence fresh, one verify at a time, so that a flip that waits for it becomes safe by itself. */
export type ParityKeeper = { look(facts: Facts, isWanted: boolean): void; idle(): Promise<void> };

type Log = { info(facts: object, message: string): void; warn(facts: object, message: string): void };

/** `look` starts a verify in the background when parity is asked for and does not pass, or is half-way to its end in a phase that lives on it. */
export function createParityKeeper(ports: FactPorts, log: Log): ParityKeeper {
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  let notBeforeMs = 0;
  return {
    look: (facts, isWanted) => {
      if (isRunning || ports.clock.monotonicMs() < notBeforeMs || !isDue(facts, isWanted)) return;
      isRunning = true;
      running = verify(ports, log, facts.unit, facts.plan).finally(() => {
        isRunning = false;
        notBeforeMs = ports.clock.monotonicMs() + againAfterMs;
      });
    },
    idle: () => running,
  };
}

/** Pure. A verify needs a running flow to wait for: with the flow down it would only time out. */
export function isDue(facts: Facts, isWanted: boolean): boolean {
  const { unit, plan, evidence } = facts;
  if (unit.move !== null || unit.phase === 'legacy' || unit.phase === 'retired') return false;
  const flow = unit.owner === 'legacy' ? facts.flows.f : facts.flows.r;
  if ('unreachable' in flow || flow.applier.stopped !== null || flow.backfill.state === 'open') return false;
  const isHolding = holding(askGates(['parity', 'restart-check'], facts)).length > 0;
  if (isWanted && isHolding) return true;
  const livesOnIt = unit.phase === 'canary' || unit.phase === 'extracted';
  const age = evidence.parity?.ageSeconds ?? Number.POSITIVE_INFINITY;
  return (livesOnIt || isWanted) && (age > plan.parity.maxAgeSeconds / 2 || isHolding);
}

async function verify(ports: FactPorts, log: Log, unit: Unit, plan: SlicePlan): Promise<void> {
  try {
    const { verdict, rows, mismatchCount, durationMs } = await verifyParity(ports, unit, plan);
    if (verdict === 'clean') log.info({ slice: unit.slice, rows, durationMs }, 'verify clean');
    else log.warn({ slice: unit.slice, rows, mismatchCount }, 'verify found rows that differ');
  } catch (error) {
    log.warn({ slice: unit.slice, error: errorText(error) }, 'verify not done');
  }
}
