import { KnownError, KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import type { AccessType } from '../auth/check-order.ts';
import type { Endpoint } from './endpoint.ts';

/** The overloads for the caller's access type. Throws ACCESS_TYPE_REQUIRED, or INSUFFICIENT_ACCESS_TYPE with the types of all of them. */
export function overloadsFor(overloads: readonly Endpoint[], auth: Pick<Auth, 'accessType'> | null): Endpoint[] {
  const open = overloads.filter((endpoint) => endpoint.access === 'anyone');
  if (open.length > 0) return open;
  if (auth === null) throw new KnownErrors.AccessTypeRequired();
  const fitting = overloads.filter((endpoint) => endpoint.access !== 'anyone' && endpoint.access.includes(auth.accessType));
  if (fitting.length > 0) return fitting;
  const allowed = new Set(overloads.flatMap((endpoint): readonly AccessType[] => (endpoint.access === 'anyone' ? [] : endpoint.access)));
  throw new KnownErrors.InsufficientAccessType(auth.accessType, [...allowed]);
}

/** The first overload that takes the request. When none does: what they all say, or ALL_OVERLOADS_FAILED with what each says. */
export async function firstThatFits<Parts>(
  overloads: readonly Endpoint[],
  check: (overload: Endpoint) => Promise<Parts>,
): Promise<{ endpoint: Endpoint; parts: Parts }> {
  const refusals: KnownError[] = [];
  for (const endpoint of overloads) {
    try {
      return { endpoint, parts: await check(endpoint) };
    } catch (error) {
      if (!KnownError.isKnownError(error)) throw error;
      refusals.push(error);
    }
  }
  throw mergedRefusal(refusals);
}

function mergedRefusal(refusals: readonly KnownError[]): Error {
  const different = [...new Map(refusals.map((refusal) => [JSON.stringify(refusal.toDescriptiveJson()), refusal])).values()];
  const [only, ...others] = different;
  if (only === undefined) return new Error('a route has no overloads');
  return others.length === 0 ? only : new KnownErrors.AllOverloadsFailed(different.map((refusal) => refusal.toDescriptiveJson()));
}
