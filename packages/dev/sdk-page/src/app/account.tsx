'use client';

import { SelectedTeamSwitcher, UserButton, useUser } from '@stackframe/stack';
import Link from 'next/link';

/** What the browser's SDK says of the person, with its team switcher and its menu. */
export function Account() {
  const user = useUser();
  if (user === null) {
    return (
      <nav>
        <p>
          The browser sees <strong data-testid="browser-user">nobody</strong>.
        </p>
        <Link href="/handler/sign-in">Sign in</Link> · <Link href="/handler/sign-up">Sign up</Link>
      </nav>
    );
  }
  return (
    <section>
      <p>
        The browser sees <strong data-testid="browser-user">{user.primaryEmail}</strong>, working in{' '}
        <strong data-testid="team">{user.selectedTeam?.displayName ?? 'no team'}</strong>.
      </p>
      <div style={{ display: 'flex', gap: '1rem', alignItems: 'center', maxWidth: '24rem' }}>
        <SelectedTeamSwitcher />
        <UserButton />
      </div>
      <p>
        <Link href="/handler/account-settings">Account settings</Link> · <Link href="/handler/sign-out">Sign out</Link>
      </p>
    </section>
  );
}
