import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** A value as it is stored: AES-256-GCM, parts in base64. */
export type Sealed = { version: 1; nonce: string; tag: string; data: string };

/** Where a value lies; bound to it, so that one moved elsewhere cannot be opened. */
export type Place = { tenancyId: string; storeId: string; hashedKey: string };

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;

/** Seals a value (which clients encrypted before) with a key derived from the server's secret, so that the database alone opens nothing. */
export function seal(value: string, place: Place, secret: string): Sealed {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyOf(secret), nonce).setAAD(placeText(place));
  const data = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return { version: 1, nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data: data.toString('base64') };
}

/** Opens a sealed value. Throws when it was changed, moved or sealed with another secret. */
export function unseal(sealed: Sealed, place: Place, secret: string): string {
  const decipher = createDecipheriv(algorithm, keyOf(secret), Buffer.from(sealed.nonce, 'base64')).setAAD(placeText(place));
  decipher.setAuthTag(Buffer.from(sealed.tag, 'base64'));
  return Buffer.concat([decipher.update(Buffer.from(sealed.data, 'base64')), decipher.final()]).toString('utf8');
}

function keyOf(secret: string): Uint8Array {
  return Buffer.from(hkdfSync('sha256', secret, 'data-vault', '', 32));
}

function placeText({ tenancyId, storeId, hashedKey }: Place): Uint8Array {
  return Buffer.from(JSON.stringify([tenancyId, storeId, hashedKey]));
}
