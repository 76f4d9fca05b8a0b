import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AccessType } from '../auth/check-order.ts';

/** Clients send the picture itself; servers may also say where it is. Nothing that a browser would run. Throws a 400. */
export function assertProfileImageAllowed(url: string | null | undefined, accessType: AccessType): void {
  if (!url) return;
  const isPicture = /^data:image\/[a-z0-9.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/.test(url);
  const isAddress = accessType !== 'client' && /^https?:\/\//i.test(url);
  if (!isPicture && !isAddress) throw new StatusError(400, 'Invalid profile image URL');
}
