import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { decodeJwt, errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { RestrictedReason } from '../users/restriction.ts';
import { type PublicJwk, signingKeys } from './signing-keys.ts';

export type TokenSettings = { serverSecret: string; publicApiUrl: string; accessTokenSeconds: number };

/** What an access token says of its user; published clients drop a token that lacks one of the claims. */
export type TokenSubject = {
  projectId: string;
  branchId: string;
  userId: string;
  refreshTokenId: string;
  name: string | null;
  email: string | null;
  emailVerified: boolean;
  selectedTeamId: string | null;
  signedUpAt: Date;
  isAnonymous: boolean;
  restrictedReason: RestrictedReason | null;
  requiresTotpMfa: boolean;
};

/** What this server believes of a token after checking it. */
export type CheckedToken = {
  userId: string;
  projectId: string;
  branchId: string;
  refreshTokenId: string;
  isAnonymous: boolean;
  restrictedReason: RestrictedReason | null;
};

type Kind = 'plain' | 'restricted' | 'anonymous';
const issuerFolder = { plain: 'projects', restricted: 'projects-restricted-users', anonymous: 'projects-anonymous-users' } as const;
const audienceSuffix = { plain: '', restricted: ':restricted', anonymous: ':anon' } as const;

export async function signAccessToken(subject: TokenSubject, settings: TokenSettings): Promise<string> {
  const kind = kindOf(subject);
  const audience = `${subject.projectId}${audienceSuffix[kind]}`;
  const [key] = signingKeys(settings.serverSecret, audience);
  if (key === undefined) throw new Error('no signing key');
  const claims = {
    sub: subject.userId,
    project_id: subject.projectId,
    branch_id: subject.branchId,
    refresh_token_id: subject.refreshTokenId,
    role: 'authenticated',
    name: subject.name,
    email: subject.email,
    email_verified: subject.emailVerified,
    selected_team_id: subject.selectedTeamId,
    signed_up_at: Math.floor(subject.signedUpAt.getTime() / 1000),
    is_anonymous: subject.isAnonymous,
    is_restricted: subject.restrictedReason !== null,
    restricted_reason: subject.restrictedReason,
    requires_totp_mfa: subject.requiresTotpMfa,
  };
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid })
    .setIssuer(issuerOf(subject.projectId, kind, settings))
    .setIssuedAt(now)
    .setAudience(audience)
    .setExpirationTime(now + settings.accessTokenSeconds)
    .sign(key.privateKey);
}

/** Checks signature, issuer, audience and time. Throws UNPARSABLE_ACCESS_TOKEN or ACCESS_TOKEN_EXPIRED. */
export async function checkAccessToken(token: string, settings: TokenSettings): Promise<CheckedToken> {
  const { projectId, kind } = claimedAudience(token);
  const keys = signingKeys(settings.serverSecret, `${projectId}${audienceSuffix[kind]}`);
  try {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = keys.find((candidate) => candidate.kid === header.kid);
        if (key === undefined) throw new KnownErrors.UnparsableAccessToken();
        return key.publicKey;
      },
      {
        algorithms: ['ES256'],
        issuer: issuerOf(projectId, kind, settings),
        requiredClaims: ['sub', 'exp', 'project_id', 'refresh_token_id'],
      },
    );
    return checkedToken(payload);
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expired(error.payload);
    if (KnownErrors.UnparsableAccessToken.isInstance(error) || error instanceof errors.JOSEError)
      throw new KnownErrors.UnparsableAccessToken();
    throw error;
  }
}

/** The public keys of a project's audiences, for those who check tokens themselves. */
export function publishedKeys(projectId: string, include: { restricted: boolean; anonymous: boolean }, serverSecret: string): PublicJwk[] {
  const kinds: Kind[] = [
    'plain',
    ...(include.restricted || include.anonymous ? ['restricted' as const] : []),
    ...(include.anonymous ? ['anonymous' as const] : []),
  ];
  return kinds.flatMap((kind) => signingKeys(serverSecret, `${projectId}${audienceSuffix[kind]}`).map((key) => key.publicJwk));
}

function kindOf(subject: TokenSubject): Kind {
  if (subject.isAnonymous) return 'anonymous';
  return subject.restrictedReason === null ? 'plain' : 'restricted';
}

function issuerOf(projectId: string, kind: Kind, settings: TokenSettings): string {
  return `${settings.publicApiUrl}/api/v1/${issuerFolder[kind]}/${projectId}`;
}

// Read before the signature is checked, only to know whose key must have signed it.
function claimedAudience(token: string): { projectId: string; kind: Kind } {
  let audience: unknown;
  try {
    audience = decodeJwt(token).aud;
  } catch {
    throw new KnownErrors.UnparsableAccessToken();
  }
  const match = typeof audience === 'string' ? /^([0-9a-z-]{1,64})(:restricted|:anon)?$/.exec(audience) : null;
  if (match?.[1] === undefined) throw new KnownErrors.UnparsableAccessToken();
  return { projectId: match[1], kind: match[2] === ':anon' ? 'anonymous' : match[2] === ':restricted' ? 'restricted' : 'plain' };
}

function checkedToken(payload: JWTPayload): CheckedToken {
  return {
    userId: String(payload.sub),
    projectId: String(payload['project_id']),
    branchId: String(payload['branch_id']),
    refreshTokenId: String(payload['refresh_token_id']),
    isAnonymous: payload['is_anonymous'] === true,
    restrictedReason: (payload['restricted_reason'] ?? null) as RestrictedReason | null,
  };
}

function expired(payload: JWTPayload): Error {
  return new KnownErrors.AccessTokenExpired(
    new Date((payload.exp ?? 0) * 1000),
    String(payload['project_id']),
    String(payload.sub),
    String(payload['refresh_token_id']),
  );
}
