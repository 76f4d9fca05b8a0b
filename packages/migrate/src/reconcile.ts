import type { Phase } from '@atlas/contracts/ledger';
import type { Plan, SlicePlan } from '@atlas/contracts/plan';
import type { Wanted } from '@atlas/flags/wanted';
import { errorText } from '@atlas/kit/errors';
import { type CarryPorts, carryOut, type Progress, resume, troubled } from './carry-out.ts';
import { readFacts } from './facts.ts';
import { createParityKeeper, type ParityKeeper } from './parity-keeper.ts';
import type { FlagsPort } from './ports/flags.ts';
import type { Intent } from './ports/ledger.ts';

const everyMs = 250;
const tenant = '*';

export type ReconcilePorts = CarryPorts & { flags: FlagsPort; plan(): Plan | null };

/** The control plane's loop: flags → intents → carry out, or hold with the reason. */
export type Reconciler = { start(): void; stop(): Promise<void>; poke(): void; tick(): Promise<boolean> };

/** Makes the loop; `tick` is one round (it answers whether something changed), for tests and for `--local`. */
export function createReconciler(ports: ReconcilePorts): Reconciler {
  return new Loop(ports);
}

class Loop implements Reconciler {
  #ports: ReconcilePorts;
  #keeper: ParityKeeper;
  #isRunning = false;
  #loop: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #isPoked = false;

  constructor(ports: ReconcilePorts) {
    this.#ports = ports;
    this.#keeper = createParityKeeper(ports, ports.log);
  }

  start(): void {
    this.#isRunning = true;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.poke();
    await this.#loop;
    await this.#keeper.idle();
  }

  poke(): void {
    this.#isPoked = true;
    this.#wake();
  }

  async tick(): Promise<boolean> {
    const slices = this.#ports.plan()?.slices ?? [];
    let acted = false;
    for (const plan of slices) acted = (await this.#tickSlice(plan)) || acted;
    return acted;
  }

  async #run(): Promise<void> {
    while (this.#isRunning) {
      this.#isPoked = false;
      let acted = false;
      try {
        acted = await this.tick();
      } catch (error) {
        this.#ports.log.warn({ error: errorText(error) }, 'reconcile round failed');
      }
      if (!acted) await this.#pause();
    }
  }

  async #tickSlice(plan: SlicePlan): Promise<boolean> {
    await lookAtFlag(this.#ports, plan.slice);
    const intents = (await this.#ports.ledger.openIntents()).filter((intent) => intent.slice === plan.slice && intent.tenant === tenant);
    const [newest, ...older] = intents;
    for (const intent of older) await withdraw(this.#ports, intent, `superseded by intent ${newest?.id}`);
    const unit = await this.#ports.ledger.readUnit(plan.slice, tenant);
    if (newest === undefined) {
      if (unit.move !== null) return (await resume(this.#ports, plan.slice, tenant)) !== null;
      this.#keeper.look(await readFacts(this.#ports, unit, plan), false);
      return false;
    }
    const progress = await carryOut(this.#ports, newest, plan).catch((error: unknown) => troubled(newest, error));
    if (progress.facts !== null) this.#keeper.look(progress.facts, progress.state === 'waiting');
    await noteProgress(this.#ports, newest, progress);
    return progress.acted;
  }

  #pause(): Promise<void> {
    if (this.#isPoked) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Turns a changed wish into an intent, once. A wish that cannot be read changes nothing (`status` shows why). What counts is the flag of the
 * phase: a changed split alone makes an intent only while the slice is in canary or an intent is open.
 */
export async function lookAtFlag(ports: ReconcilePorts, slice: string): Promise<void> {
  const wanted = ports.flags.readWanted(slice);
  if (wanted === null || wanted.problems.length > 0) return;
  const seen = await ports.ledger.readFlagSeen(slice);
  if (seen === null && wanted.phase === null && wanted.split === null) return;
  if (seen !== null && seen.phase === wanted.phase && seen.split === wanted.split) return;
  const isPhaseNew = (seen?.phase ?? null) !== wanted.phase;
  const open = (await ports.ledger.openIntents()).filter((intent) => intent.slice === slice && intent.source === 'flag');
  const want = await wantOf(ports, wanted, { isPhaseNew, open });
  const draft = want === null ? null : { slice, tenant, want, split: wanted.split, source: 'flag' };
  const made = await ports.ledger.seeFlag(slice, { phase: wanted.phase, split: wanted.split, seq: (seen?.seq ?? 0n) + 1n }, draft);
  if (made === null) return;
  const outdated = isPhaseNew || want !== null ? open : [];
  for (const intent of outdated) await withdraw(ports, intent, want === null ? 'the flag was turned off' : `the flag now asks for ${want}`);
  ports.log.info({ slice, phase: wanted.phase, split: wanted.split, isIntent: draft !== null }, 'flag changed');
}

type FlagChange = { isPhaseNew: boolean; open: Intent[] };

async function wantOf(ports: ReconcilePorts, wanted: Wanted, { isPhaseNew, open }: FlagChange): Promise<Phase | null> {
  if (isPhaseNew) return wanted.phase;
  if (open[0] !== undefined) return open[0].want;
  const { phase } = await ports.ledger.readUnit(wanted.slice, tenant);
  return phase === 'canary' && (wanted.phase === 'canary' || wanted.phase === null) ? 'canary' : null;
}

async function withdraw(ports: ReconcilePorts, intent: Intent, reason: string): Promise<void> {
  await ports.ledger.updateIntent(intent.id, { state: 'withdrawn', reason, detail: { ...intent.detail, gates: [] } });
}

/** Writes where an intent stands, if that is news. */
export async function noteProgress(ports: CarryPorts, intent: Intent, progress: Progress): Promise<void> {
  const { state, reason, detail } = progress;
  // A step that acted or failed may have left the row as `running`: write in any case.
  const mayBeSkipped = !progress.acted && !progress.isTrouble && state === intent.state && reason === intent.reason;
  if (mayBeSkipped && JSON.stringify(detail) === JSON.stringify(intent.detail)) return;
  if (summary(intent) !== summary(progress)) ports.log.info({ intent: intent.id, slice: intent.slice, state, reason }, 'intent');
  await ports.ledger.updateIntent(intent.id, { state, reason, detail });
}

// Ages and counts in a reason change all the time; a line is logged when what it waits for changes.
function summary({ state, reason, detail }: Pick<Progress, 'state' | 'reason' | 'detail'>): string {
  return [state, ...(detail.gates.length > 0 ? detail.gates.map((gate) => gate.gate) : [reason])].join(' ');
}
