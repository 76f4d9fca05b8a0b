import { createHash, timingSafeEqual } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { database, type Transaction } from '../database.ts';
import type { ProjectUserAuthorizationCode } from '../generated/prisma/client.ts';
import type { UserKey } from '../users/find-user.ts';
import type { CodeChallengeMethod } from './started-sign-in.ts';

export type NewAuthorizationCode = {
  user: UserKey;
  redirectUri: string;
  codeChallenge: string;
  codeChallengeMethod: CodeChallengeMethod;
  isNewUser: boolean;
  afterCallbackRedirectUrl: string | null;
  /** The session to hand over; without, the code opens a new one. */
  grantedRefreshTokenId: string | null;
};

const lifeMillis = 5 * 60 * 1000;
const cleanedAtOnce = 20;

/** What a client may change once for tokens. Cleans up a few that nobody changed. */
export async function createAuthorizationCode(tx: Transaction, code: NewAuthorizationCode): Promise<string> {
  const authorizationCode = generateSecureRandomString();
  await tx.projectUserAuthorizationCode.create({
    data: {
      ...code.user,
      authorizationCode,
      redirectUri: code.redirectUri,
      codeChallenge: code.codeChallenge,
      codeChallengeMethod: code.codeChallengeMethod,
      newUser: code.isNewUser,
      afterCallbackRedirectUrl: code.afterCallbackRedirectUrl,
      grantedRefreshTokenId: code.grantedRefreshTokenId,
      expiresAt: new Date(Date.now() + lifeMillis),
    },
  });
  await tx.$executeRaw`
    delete from "ProjectUserAuthorizationCode" where "authorizationCode" in (
      select "authorizationCode" from "ProjectUserAuthorizationCode" where "expiresAt" < now()
      order by "expiresAt" limit ${cleanedAtOnce} for update skip locked)`;
  return authorizationCode;
}

export type Redemption = { tenancyId: string; code: string; redirectUri: string; codeVerifier: string };

/** Uses a code up, whatever comes of it: a guess at its verifier has one try, and of two at the same time one loses. Throws INVALID_AUTHORIZATION_CODE. */
export async function redeemCode(redemption: Redemption): Promise<ProjectUserAuthorizationCode> {
  const { tenancyId, code: authorizationCode } = redemption;
  const row = await database().projectUserAuthorizationCode.findUnique({ where: { authorizationCode } });
  if (row === null || row.tenancyId !== tenancyId) throw new KnownErrors.InvalidAuthorizationCode();
  const { count } = await database().projectUserAuthorizationCode.deleteMany({ where: { authorizationCode } });
  if (count === 0 || !isRedeemable(row, redemption, new Date())) throw new KnownErrors.InvalidAuthorizationCode();
  return row;
}

/** In time, for the same page, by the one who asked (RFC 7636, 4.6). */
export function isRedeemable(
  row: Pick<ProjectUserAuthorizationCode, 'expiresAt' | 'redirectUri' | 'codeChallenge' | 'codeChallengeMethod'>,
  redemption: Pick<Redemption, 'redirectUri' | 'codeVerifier'>,
  now: Date,
): boolean {
  if (row.expiresAt <= now || row.redirectUri !== redemption.redirectUri) return false;
  const challenge =
    row.codeChallengeMethod === 'S256' ? createHash('sha256').update(redemption.codeVerifier).digest('base64url') : redemption.codeVerifier;
  return isSame(challenge, row.codeChallenge);
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}
