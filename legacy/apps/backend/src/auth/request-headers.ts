import { isIP } from 'node:net';

/** What a request says about who calls. Empty headers count as absent: the admin SDK sends some. */
export type RequestHeaders = {
  projectId: string | null;
  branchId: string;
  accessType: string | null;
  publishableClientKey: string | null;
  secretServerKey: string | null;
  superSecretAdminKey: string | null;
  adminAccessToken: string | null;
  /** The admin key of the project `internal`, in place of any project's key; development only. */
  developmentOverrideKey: string | null;
  accessToken: string | null;
  refreshToken: string | null;
  allowAnonymousUser: boolean;
  allowRestrictedUser: boolean;
  overrideErrorStatus: boolean;
  cookie: string;
  endUserIp: string | null;
};

/** A client without a key sends this where a key belongs. */
const publicClientSentinel = '__stack_public_client__';

/** Reads `x-stack-*`, or `x-hexclave-*` as newer clients send. */
export function readRequestHeaders(headers: Headers): RequestHeaders {
  const read = (name: string): string | null => headers.get(`x-stack-${name}`) || headers.get(`x-hexclave-${name}`) || null;
  const publishableClientKey = read('publishable-client-key');
  const allowAnonymousUser = read('allow-anonymous-user') === 'true';
  return {
    projectId: read('project-id'),
    branchId: read('branch-id') ?? 'main',
    accessType: read('access-type'),
    publishableClientKey: publishableClientKey === publicClientSentinel ? null : publishableClientKey,
    secretServerKey: read('secret-server-key'),
    superSecretAdminKey: read('super-secret-admin-key'),
    adminAccessToken: read('admin-access-token'),
    developmentOverrideKey: read('development-override-key'),
    accessToken: read('access-token'),
    refreshToken: read('refresh-token'),
    allowAnonymousUser,
    allowRestrictedUser: allowAnonymousUser || read('allow-restricted-user') === 'true',
    overrideErrorStatus: read('override-error-status') === 'true',
    cookie: headers.get('cookie') ?? '',
    endUserIp: readIp(headers.get('x-forwarded-for')),
  };
}

/** The nearest address of the chain: the gateway sets it fresh, so there is one. */
function readIp(chain: string | null): string | null {
  const nearest = chain?.split(',').at(-1)?.trim() ?? '';
  return isIP(nearest) === 0 ? null : nearest;
}
