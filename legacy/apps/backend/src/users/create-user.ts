import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { type Transaction, violatedIndex } from '../database.ts';
import { Prisma } from '../generated/prisma/client.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

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
  isAnonymous?: boolean | undefined;
  restricted?: { reason: string | null; privateDetails: string | null } | undefined;
  countryCode?: string | null | undefined;
  riskScores?: { bot: number; freeTrialAbuse: number } | undefined;
};

/** Writes a user, its e-mail, its ways to sign in and, where the project says so, its own team. Answers the user's id. */
export async function createUser(tx: Transaction, owner: { tenancyId: string; config: ProjectConfig }, user: NewUser): Promise<string> {
  const key = { tenancyId: owner.tenancyId, projectUserId: randomUUID() };
  await tx.projectUser.create({ data: { ...key, ...userColumns(user) } });
  if (user.email !== undefined) await createEmail(tx, key, user.email);
  if (user.passwordHash !== undefined) await createPassword(tx, key, user.passwordHash);
  if (user.otpAuthEnabled === true) await createOtp(tx, key);
  if (owner.config.teams.createPersonalTeamOnSignUp && user.isAnonymous !== true) await createPersonalTeam(tx, key, user);
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

async function createPersonalTeam(tx: Transaction, key: Key, user: NewUser): Promise<void> {
  const name = user.displayName || user.email?.value;
  const teamId = randomUUID();
  await tx.team.create({
    data: { tenancyId: key.tenancyId, teamId, displayName: name === undefined ? 'Personal Team' : `${name}'s Team` },
  });
  await tx.teamMember.create({ data: { ...key, teamId, isSelected: 'TRUE' } });
}

function userColumns(user: NewUser) {
  return {
    displayName: user.displayName || null,
    profileImageUrl: user.profileImageUrl ?? null,
    clientMetadata: asJson(user.clientMetadata),
    clientReadOnlyMetadata: asJson(user.clientReadOnlyMetadata),
    serverMetadata: asJson(user.serverMetadata),
    isAnonymous: user.isAnonymous ?? false,
    restrictedByAdmin: user.restricted !== undefined,
    restrictedByAdminReason: user.restricted?.reason ?? null,
    restrictedByAdminPrivateDetails: user.restricted?.privateDetails ?? null,
    signUpCountryCode: user.countryCode ?? null,
    signUpRiskScoreBot: user.riskScores?.bot ?? 0,
    signUpRiskScoreFreeTrialAbuse: user.riskScores?.freeTrialAbuse ?? 0,
  };
}

/** JSON null and no value are the same to clients: SQL null. */
export function asJson(value: unknown): Prisma.InputJsonValue | typeof Prisma.DbNull {
  return value === undefined || value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue);
}
