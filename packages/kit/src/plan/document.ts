import { createHash } from 'node:crypto';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '../errors.ts';

/** The plan as the control plane publishes it in `migrate.plan.document`. */
export function planDocument(plan: Plan): { format: 1; plan: Plan } {
  return { format: 1, plan };
}

/** SHA-256 (hex) of the published document: the same plan has the same hash. */
export function planHash(plan: Plan): string {
  return createHash('sha256')
    .update(JSON.stringify(planDocument(plan)))
    .digest('hex');
}

/** Reads a published document back. It was checked when it was published; only its format is looked at. Throws PLAN_INVALID. */
export function readPlanDocument(document: unknown): Plan {
  const { format, plan } = (document ?? {}) as { format?: unknown; plan?: Plan };
  if (format !== 1 || plan === undefined || !Array.isArray(plan.slices))
    throw new AppError('PLAN_INVALID', { message: 'published plan of an unknown format' });
  return plan;
}
