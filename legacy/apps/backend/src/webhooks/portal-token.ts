import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

const lifetimeSeconds = 7 * 24 * 3600;

/** What lets its bearer manage the webhooks of one project: `<project id>.<expiry, seconds>.<HMAC-SHA-256>`, the key derived for this use alone. */
export function portalToken(projectId: string, secret: string, now: Date): string {
  const claim = `${projectId}.${Math.floor(now.getTime() / 1000) + lifetimeSeconds}`;
  return `${claim}.${signatureOf(claim, secret)}`;
}

/** The project a token is for, or null when it is none of ours or too old. */
export function projectOfToken(token: string, secret: string, now: Date): string | null {
  const [projectId = '', expiry = '', signature = ''] = token.split('.');
  const expected = Buffer.from(signatureOf(`${projectId}.${expiry}`, secret));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  return Number(expiry) * 1000 > now.getTime() ? projectId : null;
}

function signatureOf(claim: string, secret: string): string {
  const key = Buffer.from(hkdfSync('sha256', secret, 'webhooks-portal', '', 32));
  return createHmac('sha256', key).update(claim).digest('base64url');
}
