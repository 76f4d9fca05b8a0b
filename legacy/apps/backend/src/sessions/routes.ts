import { sessionsCrudServerCreateSchema } from '@stackframe/stack-shared/dist/interface/crud/sessions';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import {
  emailSchema,
  emailVerificationCallbackUrlSchema,
  passwordSchema,
  signInEmailSchema,
  userIdOrMeSchema,
  yupBoolean,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { publishedKeys } from '../auth/access-token.ts';
import type { Auth } from '../auth/authenticate.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { findUser, type UserKey } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json, text } from '../wire/reply.ts';
import { createSession, mintAccessToken, refreshSession, type Tokens } from './session.ts';
import { signInWithPassword } from './sign-in.ts';
import { signUpWithPassword } from './sign-up.ts';

const success = { success: true };

export const sessionEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/password/sign-up',
    access: clientOrHigher,
    body: yupObject({
      email: signInEmailSchema.defined(),
      password: passwordSchema.defined(),
      verification_callback_url: emailVerificationCallbackUrlSchema.optional(),
      bot_challenge_token: yupString().optional(),
      bot_challenge_phase: yupString().oneOf(['invisible', 'visible']).optional(),
      bot_challenge_unavailable: yupString().oneOf(['true']).optional(),
    }).defined(),
    handle: async ({ auth, body }) =>
      json(200, signedIn(await signUpWithPassword(auth, { ...body, verificationCallbackUrl: body.verification_callback_url }))),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/sign-in',
    access: clientOrHigher,
    // Looser than sign-up's: some stored addresses are older than the strict rule.
    body: yupObject({ email: emailSchema.defined(), password: passwordSchema.defined() }).defined(),
    handle: async ({ auth, body }) => json(200, signedIn(await signInWithPassword(auth, body.email, body.password))),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/sessions/current/refresh',
    access: clientOrHigher,
    handle: async ({ auth, headers }) => {
      const { accessToken } = await refreshSession(headers.refreshToken ?? '', auth.project.id, auth.branchId);
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
          ...(auth.accessType === 'admin' ? {} : { isImpersonation: false }),
          OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      });
      const items = rows.map((row) => ({
        id: row.id,
        user_id: row.projectUserId,
        created_at: row.createdAt.getTime(),
        is_impersonation: row.isImpersonation,
        last_used_at: row.lastActiveAt.getTime(),
        is_current_session: row.id === auth.refreshTokenId,
      }));
      return json(200, { items, is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/sessions',
    access: serverOrHigher,
    body: sessionsCrudServerCreateSchema,
    handle: async ({ auth, body }) => {
      const key = { tenancyId: auth.tenancyId, projectUserId: body.user_id };
      const row = await findUser(key);
      if (row === null) throw new KnownErrors.UserIdDoesNotExist(body.user_id);
      const tokens = await openSession(auth, key, row, { expiresInMillis: body.expires_in_millis, isImpersonation: body.is_impersonation });
      return json(200, { refresh_token: tokens.refreshToken, access_token: tokens.accessToken });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/auth/sessions/:id',
    access: ['client'],
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
  endpoint({
    method: 'GET',
    path: '/projects/:project_id/.well-known/jwks.json',
    access: 'anyone',
    params: yupObject({ project_id: yupString().defined() }).defined(),
    query: yupObject({ include_restricted: yupBoolean().default(false), include_anonymous: yupBoolean().default(false) }).defined(),
    handle: async ({ params, query }) => {
      if (!(await projectExists(params.project_id))) return text(404, 'Project not found.');
      const include = { restricted: query.include_restricted, anonymous: query.include_anonymous };
      return json(
        200,
        { keys: publishedKeys(params.project_id, include, config().serverSecret) },
        { 'cache-control': 'public, max-age=3600' },
      );
    },
  }),
];

function signedIn(session: Tokens & { userId: string }) {
  return { access_token: session.accessToken, refresh_token: session.refreshToken, user_id: session.userId };
}

async function openSession(
  auth: Auth,
  key: UserKey,
  row: UserRow,
  options: { expiresInMillis: number; isImpersonation: boolean },
): Promise<Tokens> {
  const session = await createSession(database(), key, options);
  const issuer = { projectId: auth.project.id, branchId: auth.branchId, config: auth.project.config };
  return { accessToken: await mintAccessToken(row, session.id, issuer), refreshToken: session.refreshToken };
}

async function deleteSession(auth: Auth, id: string, userId: string | undefined) {
  if (id === auth.refreshTokenId) throw new KnownErrors.CannotDeleteCurrentSession();
  const owner = userId === undefined ? {} : { projectUserId: userId };
  const { count } = await database().projectUserRefreshToken.deleteMany({ where: { tenancyId: auth.tenancyId, id, ...owner } });
  if (count === 0) throw new StatusError(404, 'Session not found.');
  return json(200, success);
}

function assertOwnUnlessServer(auth: Auth, userId: string, message: string): void {
  if (auth.accessType !== 'client') return;
  if (auth.user === undefined) throw new KnownErrors.UserAuthenticationRequired();
  if (auth.user.projectUserId !== userId) throw new StatusError(403, message);
}

async function projectExists(id: string): Promise<boolean> {
  return (await database().project.findUnique({ where: { id }, select: { id: true } })) !== null;
}
