import { createHmac, timingSafeEqual } from 'node:crypto';

// A code says who no longer wants which category of mail, and is proven by a key that is good for nothing else: nothing is stored for it,
// and it does not expire. The legacy makes and checks the same codes with the same key.

/** Who is spoken of, and what they want no more. */
export type Unsubscription = { tenancyId: string; userId: string; categoryId: string };

const idBytes = 16;
const proofBytes = 32;

/** Three ids and their proof (HMAC-SHA-256), base64url. */
export function unsubscribeCode(key: Buffer, { tenancyId, userId, categoryId }: Unsubscription): string {
  const facts = Buffer.concat([tenancyId, userId, categoryId].map(bytesOf));
  return Buffer.concat([facts, proofOf(key, facts)]).toString('base64url');
}

/** What a code says, and whether a key proves it; undefined for what was never a code. */
export function readUnsubscribeCode(code: string): { said: Unsubscription; isProvenBy(key: Buffer): boolean } | undefined {
  const bytes = Buffer.from(code, 'base64url');
  if (bytes.length !== 3 * idBytes + proofBytes) return undefined;
  const facts = bytes.subarray(0, 3 * idBytes);
  const id = (place: number) => uuidOf(facts.subarray(place * idBytes, (place + 1) * idBytes));
  return {
    said: { tenancyId: id(0), userId: id(1), categoryId: id(2) },
    isProvenBy: (key) => timingSafeEqual(bytes.subarray(3 * idBytes), proofOf(key, facts)),
  };
}

/** Where a mail's reader goes to hear no more of its kind. */
export function unsubscribeLink(publicUrl: string, code: string): string {
  return `${publicUrl}/api/v1/emails/unsubscribe-link?code=${code}`;
}

function proofOf(key: Buffer, facts: Buffer): Buffer {
  return createHmac('sha256', key).update(facts).digest();
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
