import { createECDH, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';

/** One key of an audience. Tokens are signed with the first of its two; both are published, so that a secret can be rolled. */
export type SigningKey = { kid: string; privateKey: KeyObject; publicKey: KeyObject; publicJwk: PublicJwk };
export type PublicJwk = { kty: 'EC'; crv: 'P-256'; alg: 'ES256'; kid: string; x: string; y: string };

const generations = ['1', '0'] as const;
const cachedAudiencesMax = 1_000;
const curveOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const cache = new Map<string, SigningKey[]>();

/** The two keys of an audience, derived from the server's secret (HKDF-SHA-256): the same in every process, stored nowhere. */
export function signingKeys(secret: string, audience: string): SigningKey[] {
  const cacheKey = `${secret}\n${audience}`;
  const known = cache.get(cacheKey);
  if (known !== undefined) return known;
  if (cache.size >= cachedAudiencesMax) cache.clear();
  const keys = generations.map((generation) => deriveKey(secret, `${audience}#${generation}`));
  cache.set(cacheKey, keys);
  return keys;
}

// A scalar from 48 bytes modulo (n - 1), plus 1: within the curve's order and without visible bias (FIPS 186-5, A.2.1).
function deriveKey(secret: string, info: string): SigningKey {
  const wide = BigInt(`0x${Buffer.from(hkdfSync('sha256', secret, 'access-token', info, 48)).toString('hex')}`);
  const scalar = Buffer.from(((wide % (curveOrder - 1n)) + 1n).toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(scalar);
  const point = curve.getPublicKey();
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const kid = Buffer.from(hkdfSync('sha256', secret, 'access-token-kid', info, 9)).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x, y } as const;
  return {
    kid,
    privateKey: createPrivateKey({ format: 'jwk', key: { ...jwk, d: scalar.toString('base64url') } }),
    publicKey: createPublicKey({ format: 'jwk', key: jwk }),
    publicJwk: { kty: 'EC', crv: 'P-256', alg: 'ES256', kid, x, y },
  };
}
