import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { type Transaction, violatedIndex } from '../database.ts';
import { createOAuthAccount, type NewOAuthAccount } from '../oauth/oauth-account.ts';
import { defaultPermissions } from '../permissions/default-permissions.ts';
import { createTeam, type TeamOwner } from '../teams/create-team.ts';
import { tell } from '../webhooks/tell.ts';
import { findUser } from './find-user.ts';
import { asJson } from './json-column.ts';
import { selectTeam } from './select-team.ts';
import { serverUser } from './user.ts';

export type NewUser = {
  displayName?: string | null | undefined;
  profileImageUrl?: string | null | undefined;
  clientMetadata?: unknown;
  clientReadOnlyMetadata?: unknown;
  serverMetadata?: unknown;
  /** Normalised. */
  email?: { value: string; isVerified: boolean; usedForAuth: boolean } | undefined;
  passwordHash?: string | undefined;
  otpAuthEnabled?: boolean | undefined;
  totpSecret?: Uint8Array<ArrayBuffer> | undefined;
  oauthAccounts?: readonly NewOAuthAccount[] | undefined;
  isAnonymous?: boolean | undefined;
  restricted?: { reason: string | null; privateDetails: string | null } | undefined;
  countryCode?: string | null | undefined;
  riskScores?: { bot: number; freeTrialAbuse: number } | undefined;
};

/** Writes a user, its e-mail, its ways to sign in, the permissions everyone gets and, where the project says so, its own team. Answers the user's id. */
export async function createUser(tx: Transaction, owner: TeamOwner, user: NewUser): Promise<string> {
  const key = { tenancyId: owner.tenancyId, projectUserId: randomUUID() };
  await tx.projectUser.create({ data: { ...key, ...userColumns(user) } });
  if (user.email !== undefined) await createEmail(tx, key, user.email);
  if (user.passwordHash !== undefined) await createPassword(tx, key, user.passwordHash);
  if (user.otpAuthEnabled === true) await createOtp(tx, key);
  for (const account of user.oauthAccounts ?? []) await createOAuthAccount(tx, key, account);
  await grantSignUpPermissions(tx, owner, key);
  const row = await findUser(key, tx);
  if (row === null) throw new Error('the user just made is gone');
  await tell(tx, owner.projectId, 'user.created', serverUser(row, owner.config));
  if (owner.config.teams.createPersonalTeamOnSignUp && user.isAnonymous !== true) await createPersonalTeam(tx, owner, key, user);
  return key.projectUserId;
}

/** An e-mail that others already sign in with becomes the known error; the index decided who was first. */
export function asEmailTakenError(error: unknown, email: string): unknown {
  return violatedIndex(error) === 'ContactChannel_tenancyId_type_value_usedForAuth_key'
    ? new KnownErrors.UserWithEmailAlreadyExists(email)
    : error;
}

type Key = { tenancyId: string; projectUserId: string };

export async function createEmail(
  tx: Transaction,
  key: Key,
  email: { value: string; isVerified: boolean; usedForAuth: boolean },
): Promise<void> {
  await tx.contactChannel.create({
    data: {
      ...key,
      id: randomUUID(),
      type: 'EMAIL',
      value: email.value,
      isPrimary: 'TRUE',
      isVerified: email.isVerified,
      usedForAuth: email.usedForAuth ? 'TRUE' : null,
    },
  });
}

export async function createPassword(tx: Transaction, key: Key, passwordHash: string): Promise<void> {
  const authMethodId = randomUUID();
  await tx.authMethod.create({ data: { ...key, id: authMethodId } });
  await tx.passwordAuthMethod.create({ data: { ...key, authMethodId, passwordHash } });
}

export async function createOtp(tx: Transaction, key: Key): Promise<void> {
  const authMethodId = randomUUID();
  await tx.authMethod.create({ data: { ...key, id: authMethodId } });
  await tx.otpAuthMethod.create({ data: { ...key, authMethodId } });
}

/** The permissions everyone has from signing up on; those a user already has stay. */
export async function grantSignUpPermissions(tx: Transaction, owner: TeamOwner, key: Key): Promise<void> {
  const ids = await defaultPermissions(tx, owner, 'signUp');
  if (ids.length === 0) return;
  const rows = await tx.projectUserDirectPermission.createManyAndReturn({
    data: ids.map((permissionId) => ({ ...key, id: randomUUID(), permissionId })),
    skipDuplicates: true,
    select: { permissionId: true },
  });
  for (const { permissionId } of rows) {
    await tell(tx, owner.projectId, 'project_permission.created', { id: permissionId, user_id: key.projectUserId });
  }
}

/** A team of the user's own, selected. Also for an anonymous user that becomes a real one. */
export async function createPersonalTeam(
  tx: Transaction,
  owner: TeamOwner,
  key: Key,
  user: { displayName?: string | null | undefined; email?: { value: string } | undefined },
): Promise<void> {
  const name = user.displayName || user.email?.value;
  const team = await createTeam(tx, owner, { displayName: name === undefined ? 'Personal Team' : `${name}'s Team` }, key.projectUserId);
  await selectTeam(tx, key, team.teamId);
}

function userColumns(user: NewUser) {
  return {
    displayName: user.displayName || null,
    profileImageUrl: user.profileImageUrl ?? null,
    clientMetadata: asJson(user.clientMetadata),
    clientReadOnlyMetadata: asJson(user.clientReadOnlyMetadata),
    serverMetadata: asJson(user.serverMetadata),
    requiresTotpMfa: user.totpSecret !== undefined,
    totpSecret: user.totpSecret ?? null,
    isAnonymous: user.isAnonymous ?? false,
    restrictedByAdmin: user.restricted !== undefined,
    restrictedByAdminReason: user.restricted?.reason ?? null,
    restrictedByAdminPrivateDetails: user.restricted?.privateDetails ?? null,
    signUpCountryCode: user.countryCode ?? null,
    signUpRiskScoreBot: user.riskScores?.bot ?? 0,
    signUpRiskScoreFreeTrialAbuse: user.riskScores?.freeTrialAbuse ?? 0,
  };
}
