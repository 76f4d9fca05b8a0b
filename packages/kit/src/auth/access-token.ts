import { type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import type { TokenCheck } from '../wire/authenticate.ts';
import type { KeyStore } from './key-store.ts';

export const tokenBytesMax = 8 * 1024;

const header = z.object({ alg: z.literal('ES256'), kid: z.string().min(1).max(64), crit: z.undefined().optional() });
/** Every claim the published clients insist on. */
const claims = z.object({
  sub: z.string().min(1).max(64),
  project_id: z.string().min(1).max(64),
  branch_id: z.string(),
  refresh_token_id: z.string(),
  role: z.literal('authenticated'),
  name: z.string().nullable(),
  email: z.string().nullable(),
  email_verified: z.boolean(),
  selected_team_id: z.string().nullable(),
  signed_up_at: z.number(),
  is_anonymous: z.boolean(),
  is_restricted: z.boolean(),
  restricted_reason: z.object({ type: z.enum(['anonymous', 'email_not_verified', 'restricted_by_administrator']) }).nullable(),
  requires_totp_mfa: z.boolean(),
  iss: z.string(),
  aud: z.string(),
  iat: z.number(),
  exp: z.number(),
});
type Claims = z.infer<typeof claims>;

/** The three kinds of users, each with its own issuer, audience and keys. */
const kinds = [
  { suffix: '', folder: 'projects', isAnonymous: false, isRestricted: false },
  { suffix: ':restricted', folder: 'projects-restricted-users', isAnonymous: false, isRestricted: true },
  { suffix: ':anon', folder: 'projects-anonymous-users', isAnonymous: true, isRestricted: true },
] as const;

const unparsable: TokenCheck = { kind: 'unparsable' };

/**
 * Checks access tokens (JWS compact, ES256 only: RFC 7515, RFC 7518 §3.4) against the issuer's published keys: form, issuer and audience
 * of one of the three kinds, signature, then time. Throws UNAVAILABLE when the key owner is silent and no key is known.
 */
export function createTokenChecker(options: {
  publicUrl: string;
  keys: KeyStore;
  nowSeconds?: () => number;
}): (token: string) => Promise<TokenCheck> {
  const nowSeconds = options.nowSeconds ?? (() => Math.floor(Date.now() / 1000));
  return async (token) => {
    const parsed = parseToken(token);
    if (parsed === undefined || !isOfOneKind(parsed.claims, options.publicUrl)) return unparsable;
    const { project_id: projectId, aud: audience, exp } = parsed.claims;
    const key = await options.keys.find({ projectId, audience, kid: parsed.kid });
    if (key === undefined || !isSigned(parsed, key)) return unparsable;
    const user = {
      id: parsed.claims.sub,
      refreshTokenId: parsed.claims.refresh_token_id,
      isAnonymous: parsed.claims.is_anonymous,
      restrictedReason: parsed.claims.restricted_reason,
    };
    if (exp <= nowSeconds()) return { kind: 'expired', projectId, user, expiredAt: new Date(exp * 1000) };
    return { kind: 'valid', projectId, user };
  };
}

type Parsed = { kid: string; claims: Claims; signed: string; signature: Buffer };

function parseToken(token: string): Parsed | undefined {
  if (token.length > tokenBytesMax) return undefined;
  const match = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/.exec(token);
  if (match === null) return undefined;
  const [, first = '', second = '', third = ''] = match;
  const head = header.safeParse(decodeJson(first));
  const body = claims.safeParse(decodeJson(second));
  if (!head.success || !body.success) return undefined;
  return { kid: head.data.kid, claims: body.data, signed: `${first}.${second}`, signature: Buffer.from(third, 'base64url') };
}

function decodeJson(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** Issuer, audience and flags must tell the same kind of the same project: a token of an anonymous user never passes as another's. */
function isOfOneKind(token: Claims, publicUrl: string): boolean {
  return kinds.some(
    (kind) =>
      token.aud === `${token.project_id}${kind.suffix}` &&
      token.iss === `${publicUrl}/api/v1/${kind.folder}/${token.project_id}` &&
      token.is_anonymous === kind.isAnonymous &&
      token.is_restricted === kind.isRestricted &&
      (token.restricted_reason !== null) === kind.isRestricted,
  );
}

function isSigned(token: Parsed, key: KeyObject): boolean {
  return verify('sha256', Buffer.from(token.signed), { key, dsaEncoding: 'ieee-p1363' }, token.signature);
}
