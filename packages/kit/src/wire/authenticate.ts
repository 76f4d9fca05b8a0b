import { AppError } from '../errors.ts';
import type { StackHeader } from './headers.ts';
import { type AccessType, knownErrors, type RestrictedReason } from './known-errors.ts';

/** The caller's user, as far as the access token tells. */
export type AuthUser = { id: string; refreshTokenId: string; isAnonymous: boolean; restrictedReason: RestrictedReason | null };

/** Who calls, proven. `user` is absent without an access token, and when the token's user was deleted. */
export type Auth = {
  type: AccessType;
  project: { id: string; displayName: string };
  branchId: string;
  tenancyId: string;
  user: AuthUser | undefined;
};

/** An access token after its check: issuer, audience and signature are right unless `unparsable`. */
export type TokenCheck =
  | { kind: 'valid'; projectId: string; user: AuthUser }
  | { kind: 'expired'; projectId: string; user: AuthUser; expiredAt: Date }
  | { kind: 'unparsable' };

/** What is asked of the owner of project keys, and what it answers. A key's field is null when the key was not asked about. */
export type IntrospectQuestion = {
  project_id: string;
  branch_id?: string;
  publishable_client_key?: string;
  secret_server_key?: string;
  super_secret_admin_key?: string;
  /** User of project `internal` whose access token stands in for a key. */
  admin_user_id?: string;
};
export type IntrospectAnswer = {
  project: { id: string; display_name: string; require_publishable_client_key: boolean } | null;
  branch_exists: boolean;
  tenancy_id: string | null;
  publishable_client_key_valid: boolean | null;
  secret_server_key_valid: boolean | null;
  super_secret_admin_key_valid: boolean | null;
  admin_user_is_owner: boolean | null;
};

/** What authentication asks of others. */
export type AuthPorts = {
  checkToken(token: string): Promise<TokenCheck>;
  introspect(question: IntrospectQuestion): Promise<IntrospectAnswer>;
  /** False when the token's user is deleted. */
  userExists(tenancyId: string, userId: string): Promise<boolean>;
};

const accessTypes = ['client', 'server', 'admin'] as const;
const keyHeaders = ['publishable-client-key', 'secret-server-key', 'super-secret-admin-key', 'admin-access-token'] as const;
/** What published clients send as OAuth client secret when they have no key. */
const noKeySentinel = '__stack_public_client__';

/**
 * Who calls, or null without an access type. The order of the checks is part of the wire: access type, project id, access token,
 * project, keys, branch. Throws the known error of the first check that fails.
 */
export async function authenticate(header: StackHeader, ports: AuthPorts): Promise<Auth | null> {
  const type = readAccessType(header);
  if (type === null) return null;
  const projectId = header('project-id');
  if (projectId === undefined) throw knownErrors.accessTypeWithoutProjectId(type);
  const user = await readUser(header, projectId, ports);
  const branchId = header('branch-id') ?? 'main';
  const answer = await introspect(header, { type, projectId, branchId }, ports);
  if (answer.project === null) throw knownErrors.currentProjectNotFound(projectId);
  assertKeys(header, type, answer, projectId);
  if (!answer.branch_exists || answer.tenancy_id === null) throw knownErrors.branchDoesNotExist(branchId);
  return {
    type,
    project: { id: answer.project.id, displayName: answer.project.display_name },
    branchId,
    tenancyId: answer.tenancy_id,
    user: user !== undefined && (await ports.userExists(answer.tenancy_id, user.id)) ? user : undefined,
  };
}

/** Refuses callers without one of the allowed access types. Throws ACCESS_TYPE_REQUIRED, INSUFFICIENT_ACCESS_TYPE. */
export function requireAccess(auth: Auth | null, allowed: readonly AccessType[]): Auth {
  if (auth === null) throw knownErrors.accessTypeRequired();
  if (!allowed.includes(auth.type)) throw knownErrors.insufficientAccessType(auth.type, allowed);
  return auth;
}

function readAccessType(header: StackHeader): AccessType | null {
  const given = header('access-type');
  if (given === undefined) {
    if (keyHeaders.some((name) => header(name) !== undefined)) throw knownErrors.projectKeyWithoutAccessType();
    return null;
  }
  const type = accessTypes.find((known) => known === given);
  if (type === undefined) throw knownErrors.invalidAccessType(given);
  return type;
}

async function readUser(header: StackHeader, projectId: string, ports: AuthPorts): Promise<AuthUser | undefined> {
  const token = header('access-token');
  if (token === undefined) return undefined;
  const check = await ports.checkToken(token);
  if (check.kind === 'unparsable') throw knownErrors.unparsableAccessToken();
  const { user } = check;
  if (check.kind === 'expired')
    throw knownErrors.accessTokenExpired({
      expiredAt: check.expiredAt,
      projectId: check.projectId,
      userId: user.id,
      refreshTokenId: user.refreshTokenId,
    });
  if (check.projectId !== projectId) throw knownErrors.invalidProjectForAccessToken(projectId, check.projectId);
  const allowsAnonymous = header('allow-anonymous-user') === 'true';
  if (user.isAnonymous && !allowsAnonymous) throw knownErrors.anonymousAuthenticationNotAllowed();
  const allowsRestricted = allowsAnonymous || header('allow-restricted-user') === 'true';
  if (user.restrictedReason !== null && !allowsRestricted) throw knownErrors.restrictedUserNotAllowed(user.restrictedReason);
  return user;
}

async function introspect(
  header: StackHeader,
  caller: { type: AccessType; projectId: string; branchId: string },
  ports: AuthPorts,
): Promise<IntrospectAnswer> {
  const question: IntrospectQuestion = { project_id: caller.projectId, branch_id: caller.branchId };
  const adminToken = header('admin-access-token');
  if (adminToken !== undefined) return introspectAdmin(question, adminToken, ports);
  const key = keyOf(header, caller.type);
  if (key !== undefined) question[keyFields[caller.type]] = key;
  return ports.introspect(question);
}

/** An access token of project `internal` in place of a key. The project is looked for first: its absence is said before the token's faults. */
async function introspectAdmin(question: IntrospectQuestion, token: string, ports: AuthPorts): Promise<IntrospectAnswer> {
  const check = await ports.checkToken(token);
  const adminUserId = check.kind === 'valid' && check.projectId === 'internal' ? check.user.id : undefined;
  const answer = await ports.introspect(adminUserId === undefined ? question : { ...question, admin_user_id: adminUserId });
  if (answer.project === null) return answer;
  if (check.kind === 'unparsable') throw knownErrors.unparsableAdminAccessToken();
  if (check.kind === 'expired') throw knownErrors.adminAccessTokenExpired(check.expiredAt);
  if (check.projectId !== 'internal') throw knownErrors.invalidProjectForAdminAccessToken();
  if (answer.admin_user_is_owner !== true) throw knownErrors.adminAccessTokenIsNotAdmin();
  return answer;
}

const keyFields = {
  client: 'publishable_client_key',
  server: 'secret_server_key',
  admin: 'super_secret_admin_key',
} as const satisfies Record<AccessType, keyof IntrospectQuestion>;

function keyOf(header: StackHeader, type: AccessType): string | undefined {
  if (type === 'server') return header('secret-server-key');
  if (type === 'admin') return header('super-secret-admin-key');
  const key = header('publishable-client-key');
  return key === noKeySentinel ? undefined : key;
}

function assertKeys(header: StackHeader, type: AccessType, answer: IntrospectAnswer, projectId: string): void {
  if (header('admin-access-token') !== undefined) return;
  const key = keyOf(header, type);
  switch (type) {
    case 'client':
      if (key === undefined) {
        if (answer.project?.require_publishable_client_key === true) throw knownErrors.publishableClientKeyRequiredForProject(projectId);
      } else if (answer.publishable_client_key_valid !== true) throw knownErrors.invalidPublishableClientKey(projectId);
      return;
    case 'server':
      if (key === undefined) throw knownErrors.serverAuthenticationRequired();
      if (answer.secret_server_key_valid !== true) throw knownErrors.invalidSecretServerKey(projectId);
      return;
    case 'admin':
      if (key === undefined) throw knownErrors.adminAuthenticationRequired();
      if (answer.super_secret_admin_key_valid !== true) throw knownErrors.invalidSuperSecretAdminKey(projectId);
      return;
    default:
      throw new AppError('INTERNAL', { message: `unexpected access type ${String(type satisfies never)}` });
  }
}
