import { randomUUID } from 'node:crypto';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import type { AccessType } from '../src/auth/check-order.ts';
import { defaultRoles } from '../src/projects/default-roles.ts';
import { type Answer, freshEmail, type Legacy } from './legacy.ts';

/** Somebody signed in to a world's project. */
export type Person = { email: string; userId: string; accessToken: string; refreshToken: string };

export type WorldCall = {
  user?: Person | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  rawBody?: string;
  rawBytes?: Uint8Array;
  contentType?: string;
};

/** bcrypt of `password1` at the lowest cost. */
const cheapHash = '$2b$04$BNSwm8AxvJLFUFpNU8TmT.M0BSlVtelSziV80jNUcLvYrE6gCiok2';

/** Everything a project may have on; tests turn off what they test. */
export const everythingOn = {
  ...defaultRoles,
  'auth.allowSignUp': true,
  'auth.password.allowSignIn': true,
  'auth.otp.allowSignIn': true,
  'auth.passkey.allowSignIn': true,
  'auth.oauth.providers': {
    github: { type: 'github', isShared: true, allowSignIn: true, allowConnectedAccounts: true },
    google: { type: 'google', isShared: true, allowSignIn: true, allowConnectedAccounts: true },
    // Keys of its own: its access tokens are the project's to have.
    spotify: { type: 'spotify', isShared: false, clientId: 'MOCK', clientSecret: 'any', allowSignIn: true, allowConnectedAccounts: true },
  },
  'teams.allowClientTeamCreation': true,
  'users.allowClientUserDeletion': true,
  'domains.allowLocalhost': true,
  'apiKeys.enabled': { user: true, team: true },
  'dataVault.stores': { notes: { displayName: 'Notes' } },
  'rbac.permissions': {
    reader: { scope: 'team', description: 'May read', containedPermissionIds: {} },
    writer: { scope: 'team', containedPermissionIds: { reader: true } },
    subscriber: { scope: 'project', containedPermissionIds: {} },
    patron: { scope: 'project', containedPermissionIds: { subscriber: true } },
    ...defaultRoles['rbac.permissions'],
  },
  'rbac.defaultPermissions': { teamCreator: { team_admin: true }, teamMember: { team_member: true }, signUp: {} },
};

/** A project of a test's own with its keys, all its rows its own: two of them show that none sees the other. */
export type World = Awaited<ReturnType<typeof plantWorld>>;

/** over 70 lines: it lists, one after the other, the small things a test can do in a world. */
export async function plantWorld(legacy: Legacy, config: Record<string, unknown> = {}) {
  const project = await plantProject(legacy);
  const setConfig = (override: Record<string, unknown>) =>
    legacy.admin.query(
      `insert into "EnvironmentConfigOverride" ("projectId", "branchId", "config") values ($1, 'main', $2)
       on conflict ("projectId", "branchId") do update set "config" = excluded."config"`,
      [project.id, JSON.stringify({ ...everythingOn, ...override })],
    );
  await setConfig(config);
  const headersOf = (access: AccessType | 'none', user?: Person): Record<string, string> => ({
    ...(access === 'none' ? {} : { 'x-stack-project-id': project.id, 'x-stack-access-type': access }),
    ...(access === 'client' ? { 'x-stack-publishable-client-key': project.publishableClientKey } : {}),
    ...(access === 'server' ? { 'x-stack-secret-server-key': project.secretServerKey } : {}),
    ...(access === 'admin' ? { 'x-stack-super-secret-admin-key': project.superSecretAdminKey } : {}),
    ...(user === undefined ? {} : { 'x-stack-access-token': user.accessToken, 'x-stack-refresh-token': user.refreshToken }),
    'x-stack-allow-anonymous-user': 'true',
  });
  const call = (access: AccessType | 'none', method: string, path: string, options: WorldCall = {}): Promise<Answer> => {
    const { user, headers, ...rest } = options;
    return legacy.call(method, path, { ...rest, headers: { ...headersOf(access, user), ...headers } });
  };
  /** The same, but anything else than success fails the test with what was answered. */
  const must = async (access: AccessType | 'none', method: string, path: string, options: WorldCall = {}): Promise<Answer['json']> => {
    const answer = await call(access, method, path, options);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  };
  return {
    legacy,
    project,
    setConfig,
    headersOf,
    call,
    must,
    /** Somebody with the password `password1`, signed in. Made by a server with a cheap hash: hashing as sign-up does takes 60 ms each time. */
    signUp: async (): Promise<Person> => {
      const email = freshEmail();
      const body = { primary_email: email, primary_email_auth_enabled: true, password_hash: cheapHash };
      const userId = String((await must('server', 'POST', '/users', { body }))['id']);
      const session = await must('server', 'POST', '/auth/sessions', { body: { user_id: userId } });
      return { email, userId, accessToken: String(session['access_token']), refreshToken: String(session['refresh_token']) };
    },
    /** A team made by a server; its creator holds the creator's permissions. */
    createTeam: async (creator?: Person): Promise<{ id: string }> => {
      const body = { display_name: 'Team', ...(creator === undefined ? {} : { creator_user_id: creator.userId }) };
      const made = await must('server', 'POST', '/teams', { body });
      return { id: String(made['id']) };
    },
    /** The newest code of a kind that a flow wrote, as its mail would have brought it. */
    newestCode: async (type: string): Promise<string> => {
      const { rows } = await legacy.admin.query<{ code: string }>(
        `select "code" from "VerificationCode" where "projectId" = $1 and "type"::text = $2 order by "createdAt" desc, "id" limit 1`,
        [project.id, type],
      );
      const code = rows[0]?.code;
      if (code === undefined) throw new Error(`no code of type ${type}`);
      return code;
    },
    /** What the project would be told by webhook, oldest first. */
    told: async (): Promise<{ type: string; data: Record<string, unknown> }[]> => {
      const { rows } = await legacy.admin.query<{ payload: { type: string; data: Record<string, unknown> } }>(
        `select "payload" from "WebhookMessage" where "projectId" = $1 order by "createdAt", ctid`,
        [project.id],
      );
      return rows.map((row) => row.payload);
    },
    /** Mails that flows asked for, oldest first. */
    mails: async (): Promise<
      { kind: string; payload: { recipient: Record<string, unknown>; subject: string; html: string; text: string } }[]
    > => {
      const { rows } = await legacy.admin.query(
        `select "kind", "payload" from "MailRequest" where "tenancyId" = $1 order by "createdAt", ctid`,
        [project.tenancyId],
      );
      return rows;
    },
  };
}

/** The rows of a project and its keys. */
async function plantProject(legacy: Legacy) {
  const project = {
    id: randomUUID(),
    tenancyId: randomUUID(),
    publishableClientKey: `pck_${generateSecureRandomString()}`,
    secretServerKey: `ssk_${generateSecureRandomString()}`,
    superSecretAdminKey: `sak_${generateSecureRandomString()}`,
  };
  await legacy.admin.query(`insert into "Project" ("id", "displayName", "updatedAt") values ($1, 'World', now())`, [project.id]);
  await legacy.admin.query(`insert into "Tenancy" ("id", "projectId", "branchId") values ($1, $2, 'main')`, [
    project.tenancyId,
    project.id,
  ]);
  await legacy.admin.query(
    `insert into "ApiKeySet" ("projectId", "id", "description", "expiresAt", "publishableClientKey", "secretServerKey", "superSecretAdminKey")
     values ($1, $2, 'Keys', now() + interval '1 day', $3, $4, $5)`,
    [project.id, randomUUID(), project.publishableClientKey, project.secretServerKey, project.superSecretAdminKey],
  );
  return project;
}
