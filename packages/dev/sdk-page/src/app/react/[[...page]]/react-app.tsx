'use client';

import { SignIn, StackClientApp, StackHandler, StackProvider, StackTheme, useUser } from '@stackframe/react';
import { Suspense, useEffect, useState } from 'react';
import type { PageSettings } from '../../../settings.ts';

/** An app in the browser only, as one made without a framework is. */
export function ReactApp({ settings }: { settings: PageSettings }) {
  const [app, setApp] = useState<StackClientApp<true>>();
  useEffect(() => {
    setApp(
      new StackClientApp({
        ...settings,
        tokenStore: 'cookie',
        urls: { handler: '/react/handler', home: '/react', afterSignIn: '/react', afterSignUp: '/react', afterSignOut: '/react' },
        devTool: false,
      }),
    );
  }, [settings]);
  if (app === undefined) return <p>Loading …</p>;
  return (
    <Suspense fallback={<p>Loading …</p>}>
      <StackProvider app={app}>
        <StackTheme>
          {window.location.pathname.startsWith('/react/handler') ? (
            <StackHandler app={app} location={window.location.pathname} fullPage />
          ) : (
            <Who />
          )}
        </StackTheme>
      </StackProvider>
    </Suspense>
  );
}

function Who() {
  const user = useUser();
  return (
    <main style={{ maxWidth: '24rem', margin: '3rem auto' }}>
      <p>
        React sees <strong data-testid="react-user">{user?.primaryEmail ?? 'nobody'}</strong>.
      </p>
      {user === null ? (
        <SignIn />
      ) : (
        <button type="button" onClick={() => user.signOut()}>
          Sign out
        </button>
      )}
    </main>
  );
}
