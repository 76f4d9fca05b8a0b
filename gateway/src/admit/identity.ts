import type { IncomingHttpHeaders } from 'node:http';

const tokenCharactersMax = 8_192;
const formBytesMax = 65_536;

/** Who a request says it is from. Unverified, and so good for choosing a bucket and naming a tenant, for nothing else: the upstreams verify. */
export type ClaimedIdentity = { user: string | undefined; project: string | undefined; tenant: string | undefined };

/** Reads the project, the branch and the access token's user from headers whose names are already the old family's. */
export function claimedIdentity(headers: IncomingHttpHeaders): ClaimedIdentity {
  const project = text(headers['x-stack-project-id']);
  const branch = text(headers['x-stack-branch-id']) ?? 'main';
  return {
    user: userOf(text(headers['x-stack-access-token'])),
    project,
    tenant: project === undefined ? undefined : `${project}#${branch}`,
  };
}

/** The tenant of a form that names its project as OAuth's `client_id` (`POST /auth/oauth/token` carries no project header). */
export function tenantOfForm(headers: IncomingHttpHeaders, body: Buffer | undefined): string | undefined {
  if (body === undefined || body.length > formBytesMax) return undefined;
  if (!text(headers['content-type'])?.startsWith('application/x-www-form-urlencoded')) return undefined;
  const project = new URLSearchParams(body.toString('latin1')).get('client_id');
  return project === null || project === '' ? undefined : `${project}#main`;
}

function userOf(token: string | undefined): string | undefined {
  if (token === undefined || token.length > tokenCharactersMax) return undefined;
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { sub } = (payload ?? {}) as { sub?: unknown };
    return typeof sub === 'string' && sub !== '' ? sub : undefined;
  } catch {
    // Not a token: the upstream says so. Here it only means that there is no user to hash.
    return undefined;
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
