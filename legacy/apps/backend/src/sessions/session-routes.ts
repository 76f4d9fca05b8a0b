import { sessionsCrudServerCreateSchema } from '@stackframe/stack-shared/dist/interface/crud/sessions';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer } from '../auth/own-user.ts';
import { database, sqlState } from '../database.ts';
import type { ProjectUserRefreshToken } from '../generated/prisma/client.ts';
import { findUser } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import { clientOnly, clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { type EndUserIp, endUserIpOf } from './note-use.ts';
import { createSession, mintAccessToken, refreshSession } from './session.ts';
import { sessionOwner } from './sign-in-session.ts';

const success = { success: true };
const listedSessionsMax = 1_000;

/** Sessions: seen, made for somebody, refreshed and ended. */
export const ownSessionEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/sessions/current/refresh',
    access: clientOrHigher,
    handle: async ({ auth, headers }) => {
      const { accessToken } = await refreshSession(headers.refreshToken ?? '', auth.project.id, auth.branchId, endUserIpOf(headers));
      return json(200, { access_token: accessToken });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/auth/sessions/current',
    access: clientOrHigher,
    handle: async ({ auth }) => {
      if (auth.user === undefined || auth.refreshTokenId === undefined) throw new KnownErrors.UserAuthenticationRequired();
      const { count } = await database().projectUserRefreshToken.deleteMany({
        where: { tenancyId: auth.tenancyId, id: auth.refreshTokenId },
      });
      if (count === 0) throw new KnownErrors.RefreshTokenNotFoundOrExpired();
      return json(200, success);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/auth/sessions',
    access: clientOrHigher,
    query: yupObject({ user_id: userIdOrMeSchema.defined() }).defined(),
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(auth, query.user_id, 'Client can only list sessions for their own user.');
      const rows = await database().projectUserRefreshToken.findMany({
        where: {
          tenancyId: auth.tenancyId,
          projectUserId: query.user_id,
          ...visibleTo(auth),
          OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: listedSessionsMax,
      });
      const items = rows.map((row) => listedSession(row, auth.refreshTokenId));
      return json(200, { items, is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/sessions',
    access: serverOrHigher,
    body: sessionsCrudServerCreateSchema,
    handle: async ({ auth, body }) => {
      const row = await findUser({ tenancyId: auth.tenancyId, projectUserId: body.user_id });
      if (row === null) throw new KnownErrors.UserIdDoesNotExist(body.user_id);
      const options = { expiresInMillis: body.expires_in_millis, isImpersonation: body.is_impersonation };
      const session = await openSession(auth, row, options);
      return json(200, { refresh_token: session.refreshToken, access_token: await mintAccessToken(row, session.id, sessionOwner(auth)) });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/auth/sessions/:id',
    access: clientOnly,
    params: yupObject({ id: yupString().uuid().defined() }).defined(),
    query: yupObject({ user_id: userIdOrMeSchema.defined() }).defined(),
    handle: async ({ auth, params, query }) => {
      assertOwnUnlessServer(auth, query.user_id, 'Client can only delete sessions for their own user.');
      return deleteSession(auth, params.id, query.user_id);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/auth/sessions/:id',
    access: serverOrHigher,
    params: yupObject({ id: yupString().uuid().defined() }).defined(),
    query: yupObject({ user_id: userIdOrMeSchema.optional() }).defined(),
    handle: async ({ auth, params, query }) => deleteSession(auth, params.id, query.user_id),
  }),
];

function listedSession(row: ProjectUserRefreshToken, currentId: string | undefined) {
  const from = row.lastActiveAtIpInfo as EndUserIp | null;
  return {
    id: row.id,
    user_id: row.projectUserId,
    created_at: row.createdAt.getTime(),
    is_impersonation: row.isImpersonation,
    last_used_at: row.lastActiveAt.getTime(),
    is_current_session: row.id === currentId,
    ...(from === null ? {} : { last_used_at_end_user_ip_info: { ip: from.ip } }),
  };
}

/** A user deleted since it was read has no sessions: the foreign key says so. */
async function openSession(auth: Auth, row: UserRow, options: { expiresInMillis: number; isImpersonation: boolean }) {
  try {
    return await createSession(database(), { tenancyId: auth.tenancyId, projectUserId: row.projectUserId }, options);
  } catch (error) {
    throw sqlState(error) === '23503' ? new KnownErrors.UserIdDoesNotExist(row.projectUserId) : error;
  }
}

async function deleteSession(auth: Auth, id: string, userId: string | undefined) {
  if (id === auth.refreshTokenId) throw new KnownErrors.CannotDeleteCurrentSession();
  const owner = userId === undefined ? {} : { projectUserId: userId };
  const { count } = await database().projectUserRefreshToken.deleteMany({
    where: { tenancyId: auth.tenancyId, id, ...owner, ...visibleTo(auth) },
  });
  if (count === 0) throw new StatusError(404, 'Session not found.');
  return json(200, success);
}

/** Only admins see that somebody signed in as the user. */
function visibleTo(auth: Auth) {
  return auth.accessType === 'admin' ? {} : { isImpersonation: false };
}
