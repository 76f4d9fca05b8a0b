import { stackApp } from '../stack-app.ts';
import { Account } from './account.tsx';

/** Who the app's server sees, and below it who the browser sees. */
export default async function Home() {
  const user = await stackApp().getUser();
  return (
    <main style={{ maxWidth: '40rem', margin: '3rem auto', lineHeight: 1.6 }}>
      <h1 style={{ fontSize: '1.6rem' }}>A customer’s app</h1>
      <p>
        The server sees <strong data-testid="server-user">{user?.primaryEmail ?? 'nobody'}</strong>.
      </p>
      <Account />
    </main>
  );
}
