import { createGuardrails, verify } from 'otplib';

const periodSeconds = 30;
const digits = 6;
/** Clients make 20 bytes; what was once stored is checked all the same. */
const guardrails = createGuardrails({ MIN_SECRET_BYTES: 1, MAX_SECRET_BYTES: 1024 });

/**
 * The time step (RFC 6238) a code of six digits belongs to, or null when it is wrong or not newer than the last one that was used. One step
 * to either side is taken: clocks differ, and people type while the step ends.
 */
export async function totpStep(secret: Uint8Array, typed: string, lastStep: number | null): Promise<number | null> {
  if (!/^\d{6}$/.test(typed) || secret.length === 0) return null;
  const result = await verify({
    secret,
    token: typed,
    period: periodSeconds,
    digits,
    guardrails,
    epochTolerance: periodSeconds,
    ...(lastStep === null ? {} : { afterTimeStep: lastStep }),
  });
  return result.valid && 'timeStep' in result ? result.timeStep : null;
}
