import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { createCode } from '../codes/verification-code.ts';
import type { Transaction } from '../database.ts';
import { findUser } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import { createSession, type Issuer, mintAccessToken } from './session.ts';

const attemptMillis = 5 * 60 * 1000;

/** Where a session is opened: the request's project and branch. */
export type SessionOwner = Issuer & { tenancyId: string };
export type SignedIn = { accessToken: string; refreshToken: string; userId: string; isNewUser: boolean };
export type SignInOptions = { isNewUser?: boolean };

/** What showing who one is comes to: a session, or a code to be handed in with a second factor. */
export type SignIn =
  | { kind: 'session'; row: UserRow; isNewUser: boolean; session: { id: string; refreshToken: string } }
  | { kind: 'second-factor'; attemptCode: string };

export function sessionOwner(auth: Auth): SessionOwner {
  return { tenancyId: auth.tenancyId, projectId: auth.project.id, branchId: auth.branchId, config: auth.project.config };
}

/**
 * Signs in a user who showed who it is, in the transaction of what showed it. With a second factor there is no session yet but an attempt
 * code: that must be committed too (a spent code stays spent), so the refusal comes from `signedIn`, after the commit.
 */
export async function signIn(tx: Transaction, owner: SessionOwner, userId: string, options: SignInOptions = {}): Promise<SignIn> {
  const key = { tenancyId: owner.tenancyId, projectUserId: userId };
  const row = await findUser(key, tx);
  if (row === null) throw new KnownErrors.UserNotFound();
  const isNewUser = options.isNewUser ?? false;
  if (!row.requiresTotpMfa) return { kind: 'session', row, isNewUser, session: await createSession(tx, key) };
  const { code } = await createCode(tx, owner, {
    type: 'MFA_ATTEMPT',
    expiresInMillis: attemptMillis,
    data: { user_id: userId, is_new_user: isNewUser },
  });
  return { kind: 'second-factor', attemptCode: code };
}

/** The tokens of a committed sign-in. Throws MULTI_FACTOR_AUTHENTICATION_REQUIRED with the attempt code. */
export async function signedIn(outcome: SignIn, owner: SessionOwner): Promise<SignedIn> {
  if (outcome.kind === 'second-factor') throw new KnownErrors.MultiFactorAuthenticationRequired(outcome.attemptCode);
  const { row, session, isNewUser } = outcome;
  const accessToken = await mintAccessToken(row, session.id, owner);
  return { accessToken, refreshToken: session.refreshToken, userId: row.projectUserId, isNewUser };
}

/** A sign-in on the wire; password and anonymous ones do not say whether the user is new. */
export function signedInBody(tokens: SignedIn, options: { tellsIfNew: boolean }) {
  const body = { access_token: tokens.accessToken, refresh_token: tokens.refreshToken, user_id: tokens.userId };
  return options.tellsIfNew ? { ...body, is_new_user: tokens.isNewUser } : body;
}
