import { StackProvider, StackTheme } from '@stackframe/stack';
import { type ReactNode, Suspense } from 'react';
import { stackApp } from '../stack-app.ts';

export const dynamic = 'force-dynamic';
export const metadata = { title: 'A customer’s app' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body style={{ fontFamily: 'system-ui' }}>
        <StackProvider app={stackApp()}>
          <StackTheme>
            <Suspense fallback={<p>Loading …</p>}>{children}</Suspense>
          </StackTheme>
        </StackProvider>
      </body>
    </html>
  );
}
