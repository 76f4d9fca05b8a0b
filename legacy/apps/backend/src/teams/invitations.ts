import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { linkWithCode } from '../codes/link-with-code.ts';
import { createCode, spendCode } from '../codes/verification-code.ts';
import { database } from '../database.ts';
import { renderFlowMail } from '../emails/render-mail.ts';
import { requestMail } from '../emails/request-mail.ts';
import type { VerificationCode } from '../generated/prisma/client.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { findUser, type UserKey } from '../users/find-user.ts';
import { type UserRow, userRestriction } from '../users/user.ts';
import { findTeam } from './change-team.ts';
import { addMember, type TeamOwner } from './create-team.ts';
import { holdTeam } from './hold-member.ts';

/** The project and branch invitations belong to. */
export type Inviter = TeamOwner & { branchId: string; displayName: string };
type InvitationRow = { id: string; teamId: string; email: string; expiresAt: Date; teamName: string };

const rowsMax = 1_000;

/** Writes an invitation and asks for its mail. Throws TEAM_NOT_FOUND. */
export async function invite(by: Inviter, to: { teamId: string; email: string; callbackUrl: string }): Promise<{ id: string }> {
  const team = await findTeam(by.tenancyId, to.teamId);
  const email = normalizeEmail(to.email);
  return database().$transaction(async (tx) => {
    await holdTeam(tx, by.tenancyId, to.teamId);
    const { id, code } = await createCode(tx, by, {
      type: 'TEAM_INVITATION',
      redirectUrl: to.callbackUrl,
      method: { email },
      data: { team_id: to.teamId },
    });
    const variables = { teamDisplayName: team.displayName, teamInvitationLink: linkWithCode(to.callbackUrl, code) };
    const mail = renderFlowMail(by, 'team_invitation', variables);
    await requestMail(tx, { tenancyId: by.tenancyId, kind: 'team-invitation', to: { userId: null, email }, mail });
    return { id };
  });
}

/** Open invitations to a team, newest first. */
export async function invitationsOfTeam(by: Inviter, teamId: string) {
  const rows = await database().$queryRaw<InvitationRow[]>`
    select code."id", team."teamId", code."method" ->> 'email' as email, code."expiresAt", team."displayName" as "teamName"
    from "VerificationCode" code
    join "Team" team on team."tenancyId" = ${by.tenancyId}::uuid and team."teamId"::text = code."data" ->> 'team_id'
    where code."projectId" = ${by.projectId} and code."branchId" = ${by.branchId} and code."type" = 'TEAM_INVITATION'
      and code."data" ->> 'team_id' = ${teamId} and code."usedAt" is null and code."expiresAt" > now()
    order by code."createdAt" desc, code."id" limit ${rowsMax}`;
  return rows.map(view);
}

/** Open invitations to any address that a user has verified, newest first. */
export async function invitationsOfUser(by: Inviter, userId: string) {
  const emails = await verifiedEmails({ tenancyId: by.tenancyId, projectUserId: userId });
  const rows = await database().$queryRaw<InvitationRow[]>`
    select code."id", team."teamId", code."method" ->> 'email' as email, code."expiresAt", team."displayName" as "teamName"
    from "VerificationCode" code
    join "Team" team on team."tenancyId" = ${by.tenancyId}::uuid and team."teamId"::text = code."data" ->> 'team_id'
    where code."projectId" = ${by.projectId} and code."branchId" = ${by.branchId} and code."type" = 'TEAM_INVITATION'
      and code."method" ->> 'email' = any(${emails}) and code."usedAt" is null and code."expiresAt" > now()
    order by code."createdAt" desc, code."id" limit ${rowsMax}`;
  return rows.map(view);
}

function view(row: InvitationRow) {
  return {
    id: row.id,
    team_id: row.teamId,
    team_display_name: row.teamName,
    expires_at_millis: row.expiresAt.getTime(),
    recipient_email: row.email,
  };
}

/** Takes an invitation back. Throws VERIFICATION_CODE_NOT_FOUND. */
export async function revokeInvitation(by: Inviter, teamId: string, id: string): Promise<void> {
  const count = await database().$executeRaw`
    delete from "VerificationCode" where "projectId" = ${by.projectId} and "branchId" = ${by.branchId} and "id" = ${id}::uuid
      and "type" = 'TEAM_INVITATION' and "data" ->> 'team_id' = ${teamId} and "usedAt" is null`;
  if (count === 0) throw new KnownErrors.VerificationCodeNotFound();
}

/** What an invitation's code says. */
export function invitationOf(row: VerificationCode): { teamId: string; email: string } {
  return { teamId: (row.data as { team_id: string }).team_id, email: (row.method as { email: string }).email };
}

/**
 * A user accepts with the code of the mail. Who has the code has read the mail, so an address to sign in with need not be verified; another
 * one must be. Throws TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED, TEAM_INVITATION_EMAIL_MISMATCH, VERIFICATION_CODE_ALREADY_USED.
 */
export async function acceptByCode(by: Inviter, user: UserRow, row: VerificationCode): Promise<void> {
  assertUnrestricted(by, user);
  const key = { tenancyId: by.tenancyId, projectUserId: user.projectUserId };
  const { email } = invitationOf(row);
  const channel = await database().contactChannel.findFirst({
    where: { ...key, type: 'EMAIL', value: email, OR: [{ isVerified: true }, { usedForAuth: 'TRUE' }] },
    select: { id: true },
  });
  if (channel === null) throw new KnownErrors.TeamInvitationEmailMismatch();
  await join(by, key, row);
}

/**
 * A user accepts an invitation seen in a list: only one to an address that was verified. Throws VERIFICATION_CODE_NOT_FOUND otherwise,
 * USER_NOT_FOUND, TEAM_INVITATION_RESTRICTED_USER_NOT_ALLOWED.
 */
export async function acceptById(by: Inviter, key: UserKey, id: string): Promise<void> {
  const user = await findUser(key);
  if (user === null) throw new KnownErrors.UserNotFound();
  const row = await database().verificationCode.findUnique({
    where: { projectId_branchId_id: { projectId: by.projectId, branchId: by.branchId, id } },
  });
  const isOpen = row?.type === 'TEAM_INVITATION' && row.expiresAt > new Date();
  if (row === null || !isOpen) throw new KnownErrors.VerificationCodeNotFound();
  if (!(await verifiedEmails(key)).includes(invitationOf(row).email)) throw new KnownErrors.VerificationCodeNotFound();
  assertUnrestricted(by, user);
  await join(by, key, row);
}

function assertUnrestricted(by: Inviter, user: UserRow): void {
  const reason = userRestriction(user, by.config);
  if (reason !== null) throw new KnownErrors.TeamInvitationRestrictedUserNotAllowed(reason);
}

/** The code is spent and the membership made in one commit; who is a member already stays one. */
async function join(by: Inviter, user: UserKey, row: VerificationCode): Promise<void> {
  const { teamId } = invitationOf(row);
  await database().$transaction(async (tx) => {
    await holdTeam(tx, by.tenancyId, teamId);
    await spendCode(tx, row);
    const where = { tenancyId_projectUserId_teamId: { ...user, teamId } };
    if ((await tx.teamMember.findUnique({ where, select: { teamId: true } })) !== null) return;
    await addMember(tx, by, { teamId, projectUserId: user.projectUserId, role: 'member' });
  });
}

async function verifiedEmails(user: UserKey): Promise<string[]> {
  const rows = await database().contactChannel.findMany({ where: { ...user, type: 'EMAIL', isVerified: true }, select: { value: true } });
  return rows.map((row) => row.value);
}
