import type { VerifyReport } from '@atlas/contracts/flow';
import type { Unit } from '@atlas/contracts/ledger';
import type { SlicePlan } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import type { FactPorts } from './facts.ts';
import { appliedCount } from './gates/flows.ts';
import { flowFrom } from './move/world.ts';

const verifyMsMax = 60_000;

/**
 * Compares both databases while writers go on and records what was found as parity evidence. Throws UNAVAILABLE when cdc cannot, and
 * LEDGER_CONFLICT when the unit moved meanwhile (what was found then is not about the present owner, and is not recorded).
 */
export async function verifyParity(ports: FactPorts, unit: Unit, plan: SlicePlan): Promise<VerifyReport> {
  if (unit.move !== null) throw new AppError('MOVE_REFUSED', { message: `unit ${unit.slice} is moving; verify when it is at rest` });
  const flow = await ports.cdc.flow(flowFrom(unit.owner, unit.slice));
  const takenAt = new Date(ports.clock.nowMs());
  const request = { slice: unit.slice, tenant: unit.tenant, mode: 'live', source: unit.owner, scope: 'full' } as const;
  const report = await ports.cdc.verify(request, verifyMsMax);
  const now = await ports.ledger.readUnit(unit.slice, unit.tenant);
  if (now.epoch !== unit.epoch || now.move !== null)
    throw new AppError('LEDGER_CONFLICT', { message: `unit ${unit.slice} moved during the verify` });
  const { rows, suspects, mismatchCount, durationMs, mismatches } = report;
  await ports.ledger.recordEvidence({
    kind: 'parity',
    subject: unit.slice,
    verdict: report.verdict === 'clean' ? 'pass' : 'fail',
    value: {
      source: unit.owner,
      epoch: unit.epoch.toString(),
      rows,
      suspects,
      mismatchCount,
      durationMs,
      mismatches: mismatches.slice(0, 10),
      applied: appliedCount(flow),
    },
    takenAt: takenAt.toISOString(),
    expiresAt: new Date(takenAt.getTime() + plan.parity.maxAgeSeconds * 1_000).toISOString(),
  });
  return report;
}
