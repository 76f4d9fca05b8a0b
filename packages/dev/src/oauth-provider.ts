import { integer, oneOf, port, readSettings, url } from '@atlas/kit/config';
import { listen } from '@atlas/kit/http';
import { createLogger, type Logger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { Providers } from './oauth-provider/provider.ts';
import { createProviderApp } from './oauth-provider/routes.ts';
import { TokenStore } from './oauth-provider/token-store.ts';

const entriesMax = 20_000;
const hoursMax = 24 * 3600;

/** `httpPort` 0 takes any free one. `publicUrl`: the API whose callbacks may be returned to. */
export type OAuthProviderOptions = { httpPort: number; publicUrl: string; accessTokenSeconds: number; log: Logger };

/**
 * Stands in for GitHub, Google and the others in development: OpenID Connect with one client for each provider id, where a person is the
 * e-mail address they type. Everything is in memory and forgotten when it ends.
 */
export function createOAuthProvider(options: OAuthProviderOptions) {
  let close = async (): Promise<void> => {};
  return {
    async start(): Promise<{ url: string }> {
      const store = new TokenStore({ entriesMax });
      let app: ReturnType<typeof createProviderApp> | undefined;
      const http = await listen((req, res) => app?.(req, res), { port: options.httpPort });
      close = () => http.close();
      const issuer = `http://localhost:${http.port}`;
      app = createProviderApp({ providers: new Providers({ ...options, issuer, store }), store, log: options.log });
      options.log.info({ url: issuer }, 'oauth provider ready');
      return { url: issuer };
    },
    stop: (): Promise<void> => close(),
  };
}

if (import.meta.main) {
  const log = createLogger('oauth-provider');
  const settings = readSettings(process.env, {
    // Whoever knows an address may sign in as it: no place for that in production.
    environment: oneOf('ATLAS_ENVIRONMENT', ['development']),
    httpPort: port('OAUTH_PROVIDER_PORT', 8114),
    publicUrl: url('ATLAS_PUBLIC_URL', 'http://localhost:8102'),
    accessTokenSeconds: integer('OAUTH_PROVIDER_ACCESS_TOKEN_SECONDS', 120, { min: 1, max: hoursMax }),
  });
  const provider = createOAuthProvider({ ...settings, log });
  await runUntilSignal({ start: async () => void (await provider.start()), stop: () => provider.stop(), log });
}
