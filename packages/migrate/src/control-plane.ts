import type { DryRun, IntentReport, IntentRequest, JournalReport, StatusReport } from '@atlas/contracts/control';
import type { ParkedEvent, VerifyReport } from '@atlas/contracts/flow';
import type { Evidence } from '@atlas/contracts/ledger';
import type { Plan, PlanMistake, SlicePlan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { type CarryPorts, carryOut, troubled } from './carry-out.ts';
import type { ControlApi } from './control-api.ts';
import { runDoctor } from './doctor/doctor.ts';
import type { DoctorPorts } from './doctor/ports.ts';
import { readFacts } from './facts.ts';
import { flowFrom } from './move/world.ts';
import { verifyParity } from './parity.ts';
import { wayTo } from './phases.ts';
import type { FlagsPort } from './ports/flags.ts';
import type { Intent } from './ports/ledger.ts';
import { noteProgress } from './reconcile.ts';
import { gatesAhead, gatewayStatus, intentReport, sliceStatus } from './status.ts';
import { describeTransition } from './steps/all.ts';

const tenant = '*';
const journalLimitMax = 1_000;

/** The plan in force and what is wrong with the file, if anything. */
export type PlanState = { plan: Plan | null; revision: bigint; mistakes: PlanMistake[] };
export type PlanePorts = CarryPorts & { flags: FlagsPort; planState(): PlanState; doctor: DoctorPorts; poke(): void };

/** The control plane's functions over its ports: the same for server and `--local`. */
export function createControlApi(ports: PlanePorts): ControlApi {
  return {
    status: () => status(ports),
    ask: async (request) => {
      slicePlan(ports, request.slice);
      const intent = await ports.ledger.insertIntent({
        slice: request.slice,
        tenant: request.tenant ?? tenant,
        want: request.want,
        split: request.split ?? null,
        source: request.source,
      });
      ports.poke();
      return intentReport(intent);
    },
    dryRun: (request) => dryRun(ports, request),
    intent: async (id) => intentReport(await ports.ledger.readIntent(id)),
    withdraw: (id, reason) => withdraw(ports, id, reason),
    verify: (slice) => verify(ports, slice),
    parked: () => parked(ports),
    journal: (after, limit) => journal(ports, after, limit),
    recordEvidence: (evidence: Evidence) => ports.ledger.recordEvidence(evidence),
    forgetGateway: (id, isAttested) =>
      ports.ledger.forgetGateway(id, { maxBlindSeconds: ports.planState().plan?.maxBlindSeconds ?? 600, isAttested }),
    doctor: () => runDoctor(ports.doctor),
  };
}

/** Works on one intent in this process until it is final or the deadline (monotonic) is over; for `--local`. */
export async function workOn(
  ports: PlanePorts,
  id: number,
  options: { deadlineMs: number; onChange(report: IntentReport): void },
): Promise<IntentReport> {
  for (;;) {
    const intent = await ports.ledger.readIntent(id);
    options.onChange(intentReport(intent));
    if (isFinal(intent) || ports.clock.monotonicMs() >= options.deadlineMs) return intentReport(intent);
    const progress = await carryOut(ports, intent, slicePlan(ports, intent.slice)).catch((error: unknown) => troubled(intent, error));
    await noteProgress(ports, intent, progress);
    if (!progress.acted && progress.state === 'waiting') await ports.clock.sleep(200);
  }
}

export function isFinal({ state }: Pick<Intent, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'withdrawn';
}

function slicePlan(ports: PlanePorts, slice: string): SlicePlan {
  const slices = ports.planState().plan?.slices ?? [];
  const found = slices.find((each) => each.slice === slice);
  if (found !== undefined) return found;
  throw new AppError('NOT_FOUND', {
    message: `no slice "${slice}" in the plan; there is ${slices.map((each) => each.slice).join(', ') || 'none'}`,
  });
}

async function status(ports: PlanePorts): Promise<StatusReport> {
  const { plan, revision, mistakes } = ports.planState();
  const [fleet, intents] = await Promise.all([ports.ledger.readFleet(), ports.ledger.openIntents()]);
  const slices = (plan?.slices ?? []).map(async (each) => {
    const unit = await ports.ledger.readUnit(each.slice, tenant);
    return sliceStatus(await readFacts(ports, unit, each), intents.find((intent) => intent.slice === each.slice) ?? null);
  });
  const ageMs = ports.flags.ageMs();
  const problems = (plan?.slices ?? []).flatMap((each) => ports.flags.readWanted(each.slice)?.problems ?? []);
  return {
    revision: fleet.revision.toString(),
    planRevision: revision.toString(),
    planMistakes: mistakes,
    slices: await Promise.all(slices),
    gateways: fleet.gateways.map(gatewayStatus),
    flags: { ageMs: Number.isFinite(ageMs) ? Math.round(ageMs) : null, problems },
  };
}

async function dryRun(ports: PlanePorts, request: IntentRequest): Promise<DryRun> {
  const plan = slicePlan(ports, request.slice);
  const unit = await ports.ledger.readUnit(request.slice, request.tenant ?? tenant);
  const facts = await readFacts(ports, unit, plan);
  const gates = gatesAhead(facts, { want: request.want, split: request.split ?? null });
  const way = wayTo(unit.phase, request.want);
  const steps = way.map((transition) => describeTransition(transition, plan));
  const held = gates.find((gate) => gate.verdict !== 'pass' && gate.next !== '');
  const next = held?.next ?? (steps.length === 0 ? 'nothing to do' : `pnpm migrate advance ${request.slice} --to ${request.want}`);
  return { slice: request.slice, want: request.want, steps, gates, next };
}

async function withdraw(ports: PlanePorts, id: number, reason: string): Promise<IntentReport> {
  const intent = await ports.ledger.readIntent(id);
  await ports.ledger.updateIntent(id, { state: 'withdrawn', reason, detail: { ...intent.detail, gates: [] } });
  return intentReport(await ports.ledger.readIntent(id));
}

async function verify(ports: PlanePorts, slice: string): Promise<VerifyReport> {
  const plan = slicePlan(ports, slice);
  const report = await verifyParity(ports, await ports.ledger.readUnit(slice, tenant), plan);
  ports.poke();
  return report;
}

async function parked(ports: PlanePorts): Promise<ParkedEvent[]> {
  const flows = (ports.planState().plan?.slices ?? []).flatMap(({ slice }) => [flowFrom('legacy', slice), flowFrom('extracted', slice)]);
  return (await Promise.all(flows.map((flow) => ports.cdc.parked(flow)))).flat();
}

async function journal(ports: PlanePorts, after: bigint, limit: number): Promise<JournalReport> {
  const entries = await ports.ledger.readJournal(after, Math.min(limit, journalLimitMax));
  return { entries, broken: await ports.ledger.findJournalBreak() };
}
