import { createHash, timingSafeEqual } from 'node:crypto';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { isUuid } from '@stackframe/stack-shared/dist/utils/uuids';
import { ValidationError } from 'yup';
import { isMemberOfOwnerTeam } from '../auth/authenticate.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { errorFacts, log } from '../log.ts';
import { findProject } from '../projects/find-project.ts';
import { parseBody, readBody } from '../wire/body.ts';
import { noteDraftSent, readMailSettings, readSourceFor } from './mail-api.ts';

// For the services beside the legacy, by their internal address; never for clients (legacy/README.md, line 6).

const introspection = yupObject({
  project_id: yupString().defined(),
  branch_id: yupString().optional(),
  publishable_client_key: yupString().nullable().optional(),
  secret_server_key: yupString().nullable().optional(),
  super_secret_admin_key: yupString().nullable().optional(),
  admin_user_id: yupString().nullable().optional(),
}).defined();

/** Every request below /service. */
export async function handleService(request: Request): Promise<Response> {
  if (!isServiceToken(request.headers.get('authorization')))
    return Response.json({ error: 'a service token is required' }, { status: 401 });
  try {
    return await answer(request);
  } catch (error) {
    if (error instanceof ValidationError) return Response.json({ error: error.errors.join('; ') }, { status: 400 });
    log('error', 'service request failed', { path: new URL(request.url).pathname, ...errorFacts(error) });
    return Response.json({ error: 'failed' }, { status: 500 });
  }
}

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method === 'GET' && pathname === '/service/version') return Response.json({ content: config().contentHash });
  if (request.method === 'POST' && pathname === '/service/introspect') return Response.json(await introspect(request));
  const mails = await answerAboutMails(request, pathname);
  if (mails !== undefined) return mails;
  const user = /^\/service\/tenancies\/([^/]+)\/users\/([^/]+)$/.exec(pathname);
  if (request.method === 'GET' && user?.[1] !== undefined && user[2] !== undefined) return Response.json(await readUser(user[1], user[2]));
  return Response.json({ error: 'no such service endpoint' }, { status: 404 });
}

async function answerAboutMails(request: Request, pathname: string): Promise<Response | undefined> {
  const [, tenancyId, thing, id] =
    /^\/service\/tenancies\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/(mail-settings|mail-source|draft-sent)(?:\/([^/]+))?$/.exec(
      pathname,
    ) ?? [];
  if (tenancyId === undefined) return undefined;
  if (request.method === 'GET' && thing === 'mail-settings' && id === undefined)
    return Response.json({ settings: await readMailSettings(tenancyId) });
  if (request.method !== 'POST') return undefined;
  if (thing === 'mail-source' && id === undefined) return Response.json(await readSourceFor(tenancyId, await bodyOf(request)));
  if (thing === 'draft-sent' && id !== undefined && isUuid(id)) return Response.json(await noteDraftSent(tenancyId, id));
  return undefined;
}

async function bodyOf(request: Request): Promise<unknown> {
  return parseBody('POST', request.headers.get('content-type'), await readBody(request));
}

async function introspect(request: Request) {
  const body = await introspection.validate(await bodyOf(request));
  const keys = {
    publishableClientKey: body.publishable_client_key ?? null,
    secretServerKey: body.secret_server_key ?? null,
    superSecretAdminKey: body.super_secret_admin_key ?? null,
  };
  const project = await findProject(body.project_id, body.branch_id ?? 'main', keys);
  const isValid = (name: keyof typeof keys) => (keys[name] === null ? null : (project?.[`${name}Valid`] ?? false));
  const facts = project && {
    id: project.id,
    display_name: project.displayName,
    require_publishable_client_key: project.config.project.requirePublishableClientKey,
  };
  return {
    project: facts,
    branch_exists: project !== null && project.tenancyId !== null,
    tenancy_id: project?.tenancyId ?? null,
    publishable_client_key_valid: isValid('publishableClientKey'),
    secret_server_key_valid: isValid('secretServerKey'),
    super_secret_admin_key_valid: isValid('superSecretAdminKey'),
    admin_user_is_owner: await isOwner(body.admin_user_id ?? null, project?.ownerTeamId ?? null),
  };
}

/** Whether a user of the project `internal` may act for a project without its keys; null when not asked. */
async function isOwner(userId: string | null, ownerTeamId: string | null): Promise<boolean | null> {
  if (userId === null) return null;
  return ownerTeamId !== null && isUuid(userId) && isMemberOfOwnerTeam({ userId, ownerTeamId, branchId: 'main' });
}

/** The user, and a WAL position at which what is told here is surely written. The position is taken after the user was read. */
async function readUser(tenancyId: string, projectUserId: string) {
  const row =
    isUuid(tenancyId) && isUuid(projectUserId)
      ? await database().projectUser.findUnique({
          relationLoadStrategy: 'join',
          where: { tenancyId_projectUserId: { tenancyId, projectUserId } },
          include: { contactChannels: true },
        })
      : null;
  const positions = await database().$queryRaw<{ position: string }[]>`select pg_current_wal_insert_lsn()::text as position`;
  const user = row && {
    project_user_id: row.projectUserId,
    display_name: row.displayName,
    is_anonymous: row.isAnonymous,
    restricted_by_admin: row.restrictedByAdmin,
    signed_up_at_millis: row.signedUpAt.getTime(),
    contact_channels: row.contactChannels.map((channel) => ({
      id: channel.id,
      type: channel.type,
      value: channel.value,
      is_primary: channel.isPrimary === 'TRUE',
      is_verified: channel.isVerified,
      used_for_auth: channel.usedForAuth === 'TRUE',
    })),
  };
  return { user, position: positions[0]?.position };
}

function isServiceToken(authorization: string | null): boolean {
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${config().serviceToken}`));
}

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
