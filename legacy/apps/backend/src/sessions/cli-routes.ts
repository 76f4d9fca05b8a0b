import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { beginCliLogin, claimAnonymousSession, cliSessionState, completeCliLogin, pollCliLogin } from './cli-login.ts';

const hourMillis = 60 * 60 * 1000;

/** The login of a command line tool: it asks for a code, its user confirms it in the browser, it polls for the session. */
export const cliEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/cli',
    access: clientOrHigher,
    body: yupObject({
      expires_in_millis: yupNumber()
        .min(1)
        .max(24 * hourMillis)
        .default(2 * hourMillis),
      anon_refresh_token: yupString().optional(),
    }).defined(),
    handle: async ({ auth, body }) => {
      const login = await beginCliLogin(auth, { expiresInMillis: body.expires_in_millis, anonRefreshToken: body.anon_refresh_token });
      return json(200, { polling_code: login.pollingCode, login_code: login.loginCode, expires_at: login.expiresAt.toISOString() });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/cli/poll',
    access: clientOrHigher,
    body: yupObject({ polling_code: yupString().defined() }).defined(),
    handle: async ({ auth, body }) => {
      const found = await pollCliLogin(auth, body.polling_code);
      // Clients take a success for one only with this status.
      if (found.status === 'success') return json(201, { status: found.status, refresh_token: found.refreshToken });
      return json(200, { status: found.status });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/cli/complete',
    access: clientOrHigher,
    body: yupObject({
      login_code: yupString().defined(),
      mode: yupString().oneOf(['check', 'claim-anon-session', 'complete']).default('complete'),
      refresh_token: yupString().optional(),
    }).defined(),
    handle: async ({ auth, body }) => {
      if (body.mode === 'check') return json(200, { cli_session_state: await cliSessionState(auth, body.login_code) });
      if (body.mode === 'claim-anon-session') {
        const { accessToken, refreshToken } = await claimAnonymousSession(auth, body.login_code);
        return json(200, { access_token: accessToken, refresh_token: refreshToken });
      }
      if (body.refresh_token === undefined) throw new KnownErrors.SchemaError('body.refresh_token must be defined to complete a login');
      await completeCliLogin(auth, body.login_code, body.refresh_token);
      return json(200, { success: true });
    },
  }),
];
