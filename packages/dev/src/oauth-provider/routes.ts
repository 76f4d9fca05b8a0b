import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import express from 'express';
import type { Provider } from 'oidc-provider';
import type { Providers } from './provider.ts';
import { signInPage } from './sign-in-page.ts';
import type { TokenStore } from './token-store.ts';

const emailPattern = /^[^\s@<>"]{1,64}@[^\s@<>"]{1,190}$/;
const formLimit = '4kb';

/** The provider over HTTP: OpenID Connect's own paths, the page where a person says who they are, and the way to take grants back. */
export function createProviderApp(deps: { providers: Providers; store: TokenStore; log: Logger }): express.Express {
  const { providers, store, log } = deps;
  const app = express().disable('x-powered-by');

  app.get(['/livez', '/readyz'], (_req, res) => void res.json({ ready: true }));

  app.get('/interaction/:uid', async (req, res) => {
    const { params } = await providers.current.interactionDetails(req, res);
    sendPage(res, 200, signInPage(factsOf(req.params.uid, params)));
  });

  app.post('/interaction/:uid', express.urlencoded({ extended: false, limit: formLimit }), async (req, res) => {
    const { params } = await providers.current.interactionDetails(req, res);
    const form = req.body as { email?: unknown; cancel?: unknown };
    if (form.cancel !== undefined) return void (await refuse(providers.current, req, res));
    const email = String(form.email ?? '')
      .trim()
      .toLowerCase();
    if (!emailPattern.test(email))
      return sendPage(res, 400, signInPage({ ...factsOf(req.params.uid, params), mistake: 'That is not an e-mail address.' }));
    await accept(providers.current, req, res, email, params);
  });

  // As when a person takes an app's access back at the real provider: from then on its refresh tokens are refused.
  app.post('/revoke-account', express.json({ limit: formLimit }), (req, res) => {
    const { email } = (req.body ?? {}) as { email?: unknown };
    if (typeof email !== 'string') return void res.status(400).json({ error: 'say whose grants: {"email": "ada@example.com"}' });
    res.json({ revoked: store.revokeAccount(email.trim().toLowerCase()) });
  });

  app.use((req, res) => {
    forgetSession(req);
    const { scope } = req.query;
    if (req.path === '/auth' && typeof scope === 'string') providers.learn(scope.split(' '));
    return providers.current.callback()(req, res);
  });

  app.use((error: Error, _req: express.Request, res: express.Response, next: express.NextFunction) => {
    if (res.headersSent) return next(error);
    log.warn({ error: errorText(error) }, 'sign-in could not go on');
    res.status(400).type('text').send('This sign-in was ended or is over ten minutes old. Go back to the app and start again.\n');
  });
  return app;
}

type RequestParams = Record<string, unknown>;

async function accept(provider: Provider, req: IncomingMessage, res: ServerResponse, accountId: string, params: RequestParams) {
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope(String(params['scope'] ?? 'openid'));
  const grantId = await grant.save();
  await provider.interactionFinished(req, res, { login: { accountId }, consent: { grantId } }, { mergeWithLastSubmission: false });
}

async function refuse(provider: Provider, req: IncomingMessage, res: ServerResponse) {
  const result = { error: 'access_denied', error_description: 'The person did not want to sign in' };
  await provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

/** Nobody stays signed in, so that the next sign-in can be another person's. The cookies of the sign-in under way stay. */
function forgetSession(req: IncomingMessage): void {
  const cookies = req.headers.cookie?.split(/;\s*/) ?? [];
  req.headers.cookie = cookies.filter((cookie) => !cookie.startsWith('_session')).join('; ');
}

function factsOf(uid: string, params: RequestParams) {
  return {
    uid,
    providerId: String(params['client_id']),
    scopes: String(params['scope'] ?? '').split(' '),
    email: String(params['login_hint'] ?? ''),
  };
}

/** No form-action: the browser would also hold it against the redirects that lead back to the app. */
function sendPage(res: express.Response, status: number, html: string): void {
  res.status(status).set({ 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'", 'cache-control': 'no-store' });
  res.type('html').send(html);
}
