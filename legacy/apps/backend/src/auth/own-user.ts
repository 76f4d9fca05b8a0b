import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { UserKey } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import type { Auth } from './authenticate.ts';

/** A client may only ask about itself: 403 with `message` otherwise. Servers may ask about everybody. */
export function assertOwnUnlessServer(auth: Auth, userId: string | undefined, message: string): void {
  if (auth.accessType !== 'client') return;
  if (signedInUser(auth).projectUserId !== userId) throw new StatusError(403, message);
}

/** The user who calls. Throws USER_AUTHENTICATION_REQUIRED. */
export function signedInUser(auth: Auth): UserRow {
  if (auth.user === undefined) throw new KnownErrors.UserAuthenticationRequired();
  return auth.user;
}

export function keyOf(auth: Auth): UserKey {
  return { tenancyId: auth.tenancyId, projectUserId: signedInUser(auth).projectUserId };
}
