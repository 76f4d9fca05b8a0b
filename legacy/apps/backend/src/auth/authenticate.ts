import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { type FoundProject, findProject } from '../projects/find-project.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { findUser } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import { type CheckedToken, checkAccessToken } from './access-token.ts';
import { type AccessType, checkHeaders, checkKeys } from './check-order.ts';
import type { RequestHeaders } from './request-headers.ts';

/** Who calls, on behalf of which project. `user` is undefined without a token, or when its user is gone. */
export type Auth = {
  accessType: AccessType;
  project: { id: string; displayName: string; ownerTeamId: string | null; config: ProjectConfig };
  branchId: string;
  tenancyId: string;
  user: UserRow | undefined;
  refreshTokenId: string | undefined;
};

/** Null when the request asks for no access. Throws the first refusal in the wire's order. Two statements at most, side by side where they can be. */
export async function authenticate(headers: RequestHeaders): Promise<Auth | null> {
  const claim = checkHeaders(headers);
  if (claim === null) return null;
  const token = headers.accessToken === null ? null : await checkUserToken(headers, headers.accessToken, claim.projectId);
  const project = await findProject(claim.projectId, headers.branchId, headers);
  if (project === null) throw new KnownErrors.CurrentProjectNotFound(claim.projectId);
  if (headers.developmentOverrideKey !== null) await checkOverrideKey(headers.developmentOverrideKey);
  else if (headers.adminAccessToken !== null) await checkAdminToken(headers.adminAccessToken, project);
  else checkKeys(claim.accessType, keyFacts(project));
  if (project.tenancyId === null) throw new KnownErrors.BranchDoesNotExist(headers.branchId);
  const user = token === null ? null : await findUser({ tenancyId: project.tenancyId, projectUserId: token.userId });
  return {
    accessType: claim.accessType,
    project: { id: project.id, displayName: project.displayName, ownerTeamId: project.ownerTeamId, config: project.config },
    branchId: headers.branchId,
    tenancyId: project.tenancyId,
    user: user ?? undefined,
    refreshTokenId: token?.refreshTokenId,
  };
}

async function checkUserToken(headers: RequestHeaders, token: string, projectId: string): Promise<CheckedToken> {
  const checked = await checkAccessToken(token, config());
  if (checked.projectId !== projectId) throw new KnownErrors.InvalidProjectForAccessToken(projectId, checked.projectId);
  if (checked.isAnonymous && !headers.allowAnonymousUser) throw new KnownErrors.AnonymousAuthenticationNotAllowed();
  if (checked.restrictedReason !== null && !headers.allowRestrictedUser)
    throw new KnownErrors.RestrictedUserNotAllowed(checked.restrictedReason);
  return checked;
}

/** A member of the project's owner team, signed in to the project `internal`, needs no key. */
async function checkAdminToken(token: string, project: FoundProject): Promise<void> {
  const checked = await checkAccessToken(token, config()).catch((error: unknown) => {
    throw asAdminTokenError(error);
  });
  if (checked.projectId !== 'internal') throw new KnownErrors.InvalidProjectForAdminAccessToken();
  const { ownerTeamId } = project;
  if (ownerTeamId === null || !(await isMemberOfOwnerTeam({ userId: checked.userId, ownerTeamId, branchId: checked.branchId }))) {
    throw new KnownErrors.AdminAccessTokenIsNotAdmin();
  }
}

/** The admin key of the project `internal` opens every project, in development. */
async function checkOverrideKey(key: string): Promise<void> {
  if (config().environment !== 'development') throw new StatusError(401, 'The development override key is for development only.');
  const keys = { publishableClientKey: null, secretServerKey: null, superSecretAdminKey: key };
  const internal = await findProject('internal', 'main', keys);
  if (internal?.superSecretAdminKeyValid !== true) throw new StatusError(401, 'Invalid development override key.');
}

/** Projects are owned by teams of the project `internal`. */
export async function isMemberOfOwnerTeam(question: { userId: string; ownerTeamId: string; branchId: string }): Promise<boolean> {
  const { userId, ownerTeamId, branchId } = question;
  const member = await database().teamMember.findFirst({
    where: { teamId: ownerTeamId, projectUserId: userId, team: { tenancy: { projectId: 'internal', branchId } } },
    select: { teamId: true },
  });
  return member !== null;
}

function asAdminTokenError(error: unknown): unknown {
  if (KnownErrors.AccessTokenExpired.isInstance(error)) {
    const { expired_at_millis: expiredAtMillis } = (error.details ?? {}) as { expired_at_millis?: number };
    return new KnownErrors.AdminAccessTokenExpired(expiredAtMillis === undefined ? undefined : new Date(expiredAtMillis));
  }
  return KnownErrors.UnparsableAccessToken.isInstance(error) ? new KnownErrors.UnparsableAdminAccessToken() : error;
}

function keyFacts(project: FoundProject) {
  return { ...project, projectId: project.id, requirePublishableClientKey: project.config.project.requirePublishableClientKey };
}
