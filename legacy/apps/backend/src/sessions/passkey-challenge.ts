import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { createCode } from '../codes/verification-code.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { isRedirectUrlAllowed } from '../redirect-urls.ts';

/** The published clients put their own host here, and refuse every other value. */
export const relyingPartySentinel = 'THIS_VALUE_WILL_BE_REPLACED.example.com';
export const ceremonyMillis = 60_000;
/** A little longer than the ceremony, for the way here. */
const challengeMillis = 65_000;

export function assertPasskeysOn(auth: Auth): void {
  if (!auth.project.config.auth.passkey.allowSignIn) throw new KnownErrors.PasskeyAuthenticationNotEnabled();
}

/** The challenge of tests with a fixed authenticator, or undefined: then the library draws 32 random bytes. */
export function challengeOption(): { challenge?: Uint8Array<ArrayBuffer> } {
  const { fixedPasskeyChallenge } = config();
  return fixedPasskeyChallenge === undefined ? {} : { challenge: Uint8Array.from(Buffer.from(fixedPasskeyChallenge)) };
}

/** Keeps a challenge for its answer. Answers the code that the answer comes with. */
export async function keepChallenge(
  auth: Auth,
  type: 'PASSKEY_REGISTRATION_CHALLENGE' | 'PASSKEY_AUTHENTICATION_CHALLENGE',
  data: { challenge: string; user_id?: string },
): Promise<string> {
  const owner = branchOf(auth);
  return (await createCode(database(), owner, { type, expiresInMillis: challengeMillis, data })).code;
}

/** The page the authenticator says it was used on, if the project trusts it; its host is the relying party. Null otherwise. */
export function trustedOrigin(auth: Auth, clientDataJson: string): { expectedOrigin: string; expectedRPID: string } | null {
  const origin = claimedOrigin(clientDataJson);
  if (origin === null || !isRedirectUrlAllowed(origin, auth.project.config.domains)) return null;
  return { expectedOrigin: origin, expectedRPID: new URL(origin).hostname };
}

function claimedOrigin(clientDataJson: string): string | null {
  try {
    const { origin } = JSON.parse(Buffer.from(clientDataJson, 'base64url').toString()) as { origin?: unknown };
    return typeof origin === 'string' ? origin : null;
  } catch {
    return null;
  }
}
