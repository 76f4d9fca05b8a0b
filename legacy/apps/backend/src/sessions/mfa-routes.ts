import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { checkCode, codeLength, spendCode } from '../codes/verification-code.ts';
import { database, type Transaction } from '../database.ts';
import { findUser, type UserKey } from '../users/find-user.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { createSession } from './session.ts';
import { type SignedIn, sessionOwner, signedIn, signedInBody } from './sign-in-session.ts';
import { totpStep } from './totp.ts';

/** The second half of a sign-in that answered MULTI_FACTOR_AUTHENTICATION_REQUIRED. */
export const mfaEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/mfa/sign-in',
    access: clientOrHigher,
    body: yupObject({
      type: yupString().oneOf(['totp']).defined(),
      totp: yupString().defined(),
      code: yupString().length(codeLength).defined(),
    }).defined(),
    handle: async ({ auth, body }) => json(200, signedInBody(await finishSignIn(auth, body.code, body.totp), { tellsIfNew: true })),
  }),
];

/** A wrong TOTP spends nothing but one of the attempt code's guesses. */
async function finishSignIn(auth: Auth, attemptCode: string, totp: string): Promise<SignedIn> {
  const owner = sessionOwner(auth);
  const code = await checkCode({ projectId: owner.projectId, branchId: owner.branchId }, 'MFA_ATTEMPT', attemptCode);
  const { user_id: projectUserId, is_new_user: isNewUser } = code.data as { user_id: string; is_new_user: boolean };
  const key = { tenancyId: auth.tenancyId, projectUserId };
  const row = await findUser(key);
  const step = row === null || row.totpSecret === null ? null : await totpStep(row.totpSecret, totp, row.totpLastStep);
  if (row === null || step === null) throw new KnownErrors.InvalidTotpCode();
  const session = await database().$transaction(async (tx) => {
    await spendCode(tx, code);
    await spendTotp(tx, key, step);
    return createSession(tx, key);
  });
  return signedIn({ kind: 'session', row, isNewUser, session }, owner);
}

/** A value seen over a shoulder is of no use: each step, and those before it, count once for a user. Of two at the same time one wins. */
async function spendTotp(tx: Transaction, key: UserKey, step: number): Promise<void> {
  const { count } = await tx.projectUser.updateMany({
    where: { ...key, requiresTotpMfa: true, OR: [{ totpLastStep: null }, { totpLastStep: { lt: step } }] },
    data: { totpLastStep: step },
  });
  if (count === 0) throw new KnownErrors.InvalidTotpCode();
}
