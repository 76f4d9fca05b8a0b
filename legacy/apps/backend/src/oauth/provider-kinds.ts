import type { allProviders } from '@stackframe/stack-shared/dist/utils/oauth';

/** Who somebody is at a provider. */
export type Profile = {
  accountId: string;
  email: string | null;
  /** Whether the provider itself says that the address is this person's. */
  emailVerified: boolean;
  displayName: string | null;
  profileImageUrl: string | null;
};

/** How to speak with a provider: its addresses, what is always asked for, and how it says who somebody is. */
export type ProviderKind = {
  authorizationUrl: string;
  tokenUrl: string;
  scopes: readonly string[];
  /** How the client shows its secret: in the form, or as HTTP Basic. */
  clientAuthentication: 'post' | 'basic';
  authorizationParameters?: Readonly<Record<string, string>>;
  /** Asked with the access token; `readProfile` gets the answers in this order. */
  profileUrls: readonly string[];
  readProfile(answers: readonly unknown[]): Profile;
};

export type ProviderType = (typeof allProviders)[number];

const openIdProfile = ([claims]: readonly unknown[]): Profile => ({
  accountId: id(claims, 'sub'),
  email: text(claims, 'email'),
  emailVerified: field(claims, 'email_verified') === true,
  displayName: text(claims, 'name') ?? text(claims, 'preferred_username'),
  profileImageUrl: text(claims, 'picture'),
});

/**
 * By type, from the providers' public documentation (2026). Apple's is left out: its client secret is a token signed anew each half year.
 * An address counts as verified only where the documentation says that the provider verifies it.
 */
export const providerKinds: Partial<Record<ProviderType, ProviderKind>> = {
  github: {
    authorizationUrl: 'https://github.com/login/oauth/authorize',
    tokenUrl: 'https://github.com/login/oauth/access_token',
    scopes: ['user:email'],
    clientAuthentication: 'post',
    profileUrls: ['https://api.github.com/user', 'https://api.github.com/user/emails'],
    readProfile: ([user, emails]) => {
      const primary = list(emails).find((entry) => field(entry, 'primary') === true);
      return {
        accountId: id(user, 'id'),
        email: text(primary, 'email'),
        emailVerified: field(primary, 'verified') === true,
        displayName: text(user, 'name') ?? text(user, 'login'),
        profileImageUrl: text(user, 'avatar_url'),
      };
    },
  },
  google: {
    authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    scopes: ['openid', 'email', 'profile'],
    clientAuthentication: 'post',
    // Without both there is no refresh token the second time.
    authorizationParameters: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
    profileUrls: ['https://openidconnect.googleapis.com/v1/userinfo'],
    readProfile: openIdProfile,
  },
  microsoft: {
    authorizationUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize',
    tokenUrl: 'https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token',
    scopes: ['User.Read', 'openid', 'offline_access'],
    clientAuthentication: 'post',
    profileUrls: ['https://graph.microsoft.com/v1.0/me'],
    // The owner of a tenant may write any address there.
    readProfile: ([user]) => ({
      accountId: id(user, 'id'),
      email: text(user, 'mail') ?? text(user, 'userPrincipalName'),
      emailVerified: false,
      displayName: text(user, 'displayName'),
      profileImageUrl: null,
    }),
  },
  spotify: {
    authorizationUrl: 'https://accounts.spotify.com/authorize',
    tokenUrl: 'https://accounts.spotify.com/api/token',
    scopes: ['user-read-email', 'user-read-private'],
    clientAuthentication: 'post',
    profileUrls: ['https://api.spotify.com/v1/me'],
    readProfile: ([user]) => ({
      accountId: id(user, 'id'),
      email: text(user, 'email'),
      emailVerified: false,
      displayName: text(user, 'display_name'),
      profileImageUrl: text(list(field(user, 'images'))[0], 'url'),
    }),
  },
  facebook: {
    authorizationUrl: 'https://www.facebook.com/v23.0/dialog/oauth',
    tokenUrl: 'https://graph.facebook.com/v23.0/oauth/access_token',
    scopes: ['public_profile', 'email'],
    clientAuthentication: 'post',
    profileUrls: ['https://graph.facebook.com/v23.0/me?fields=id,name,email,picture'],
    readProfile: ([user]) => ({
      accountId: id(user, 'id'),
      email: text(user, 'email'),
      emailVerified: false,
      displayName: text(user, 'name'),
      profileImageUrl: text(field(field(user, 'picture'), 'data'), 'url'),
    }),
  },
  discord: {
    authorizationUrl: 'https://discord.com/oauth2/authorize',
    tokenUrl: 'https://discord.com/api/oauth2/token',
    scopes: ['identify', 'email'],
    clientAuthentication: 'post',
    profileUrls: ['https://discord.com/api/users/@me'],
    readProfile: ([user]) => {
      const avatar = text(user, 'avatar');
      return {
        accountId: id(user, 'id'),
        email: text(user, 'email'),
        emailVerified: field(user, 'verified') === true,
        displayName: text(user, 'global_name') ?? text(user, 'username'),
        profileImageUrl: avatar === null ? null : `https://cdn.discordapp.com/avatars/${id(user, 'id')}/${avatar}.png`,
      };
    },
  },
  gitlab: {
    authorizationUrl: 'https://gitlab.com/oauth/authorize',
    tokenUrl: 'https://gitlab.com/oauth/token',
    scopes: ['read_user'],
    clientAuthentication: 'post',
    profileUrls: ['https://gitlab.com/api/v4/user'],
    readProfile: ([user]) => ({
      accountId: id(user, 'id'),
      email: text(user, 'email'),
      emailVerified: text(user, 'confirmed_at') !== null,
      displayName: text(user, 'name'),
      profileImageUrl: text(user, 'avatar_url'),
    }),
  },
  bitbucket: {
    authorizationUrl: 'https://bitbucket.org/site/oauth2/authorize',
    tokenUrl: 'https://bitbucket.org/site/oauth2/access_token',
    scopes: ['account', 'email'],
    clientAuthentication: 'basic',
    profileUrls: ['https://api.bitbucket.org/2.0/user', 'https://api.bitbucket.org/2.0/user/emails'],
    readProfile: ([user, emails]) => {
      const primary = list(field(emails, 'values')).find((entry) => field(entry, 'is_primary') === true);
      return {
        accountId: id(user, 'account_id'),
        email: text(primary, 'email'),
        emailVerified: field(primary, 'is_confirmed') === true,
        displayName: text(user, 'display_name'),
        profileImageUrl: text(field(field(user, 'links'), 'avatar'), 'href'),
      };
    },
  },
  linkedin: {
    authorizationUrl: 'https://www.linkedin.com/oauth/v2/authorization',
    tokenUrl: 'https://www.linkedin.com/oauth/v2/accessToken',
    scopes: ['openid', 'profile', 'email'],
    clientAuthentication: 'post',
    profileUrls: ['https://api.linkedin.com/v2/userinfo'],
    readProfile: openIdProfile,
  },
  x: {
    authorizationUrl: 'https://x.com/i/oauth2/authorize',
    tokenUrl: 'https://api.x.com/2/oauth2/token',
    scopes: ['users.read', 'tweet.read', 'offline.access'],
    clientAuthentication: 'basic',
    profileUrls: ['https://api.x.com/2/users/me?user.fields=profile_image_url'],
    readProfile: ([answer]) => {
      const user = field(answer, 'data');
      return {
        accountId: id(user, 'id'),
        email: null,
        emailVerified: false,
        displayName: text(user, 'name') ?? text(user, 'username'),
        profileImageUrl: text(user, 'profile_image_url'),
      };
    },
  },
  twitch: {
    authorizationUrl: 'https://id.twitch.tv/oauth2/authorize',
    tokenUrl: 'https://id.twitch.tv/oauth2/token',
    scopes: ['openid', 'user:read:email'],
    clientAuthentication: 'post',
    authorizationParameters: {
      claims: JSON.stringify({ userinfo: { email: null, email_verified: null, picture: null, preferred_username: null } }),
    },
    profileUrls: ['https://id.twitch.tv/oauth2/userinfo'],
    readProfile: openIdProfile,
  },
};

/** The development stand-in for all of them: OpenID Connect. */
export function mockKind(mockUrl: string): ProviderKind {
  return {
    authorizationUrl: `${mockUrl}/auth`,
    tokenUrl: `${mockUrl}/token`,
    scopes: ['openid', 'offline_access'],
    clientAuthentication: 'post',
    profileUrls: [`${mockUrl}/me`],
    readProfile: openIdProfile,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function text(value: unknown, name: string): string | null {
  const found = field(value, name);
  return typeof found === 'string' && found !== '' ? found : null;
}

/** Throws when the provider does not say who this is. */
function id(value: unknown, name: string): string {
  const found = field(value, name);
  if ((typeof found === 'string' && found !== '') || typeof found === 'number') return String(found);
  throw new Error(`the provider's answer has no ${name}`);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
