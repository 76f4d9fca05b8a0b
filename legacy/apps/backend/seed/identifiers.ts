import { createHash } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const tokenBits = 224;

/** The id of a seeded row: the same in every database, and scattered over the index as real ones are. */
export function seedUuid(kind: string, index: number): string {
  const hex = createHash('md5').update(`${kind} ${index}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The refresh token of a seeded session, in the format of real ones: 45 characters of base32. */
export function seedRefreshToken(index: number): string {
  let rest = BigInt(`0x${createHash('sha224').update(`refresh token ${index}`).digest('hex')}`);
  let token = '';
  for (let bits = 0; bits < tokenBits; bits += 5) {
    token = `${alphabet[Number(rest & 31n)]}${token}`;
    rest >>= 5n;
  }
  return token;
}
