import { StackServerApp } from '@stackframe/stack';
import { pageSettings, secretServerKey } from './settings.ts';

let app: StackServerApp<true> | undefined;

/** The SDK's server app, made at the first request. */
export function stackApp(): StackServerApp<true> {
  app ??= new StackServerApp({
    ...pageSettings(),
    secretServerKey: secretServerKey(),
    tokenStore: 'nextjs-cookie',
    urls: { afterSignIn: '/', afterSignUp: '/', afterSignOut: '/' },
    devTool: false,
  });
  return app;
}
