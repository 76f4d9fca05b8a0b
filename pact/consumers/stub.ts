import { notificationCategories } from '@atlas/contracts/wire';

/** The user of the contract's examples; at verification the provider state says who it is. */
export const exampleUserId = '11111111-2222-4333-8444-555555555555';

/** A token with every claim the SDK insists on. It is never checked here: no signature. */
export function exampleToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    sub: exampleUserId,
    project_id: 'internal',
    branch_id: 'main',
    refresh_token_id: '22222222-2222-4333-8444-555555555555',
    role: 'authenticated',
    name: null,
    email: 'ann@example.com',
    email_verified: false,
    selected_team_id: null,
    signed_up_at: 1_795_488_572,
    is_anonymous: false,
    is_restricted: false,
    restricted_reason: null,
    requires_totp_mfa: false,
    iss: 'http://localhost:8102/api/v1/projects/internal',
    iat: 1_795_488_572,
    aud: 'internal',
    exp: 4_000_000_000,
  };
  return `${part({ alg: 'ES256', kid: 'example' })}.${part(claims)}.${part({ none: true })}`;
}

/**
 * Answers, inside this process, what the SDK asks of others before it comes to the notification routes: sign-up and user.
 * With `isListAnswered` also the list that the SDK reads around a change. Everything else goes to the network.
 */
export class Stub {
  isListAnswered = false;
  /** Statuses of changes that went to the network. */
  readonly patched: number[] = [];
  readonly #original = globalThis.fetch;

  constructor() {
    globalThis.fetch = async (input, init) => {
      const method = init?.method ?? 'GET';
      const { pathname } = new URL(input instanceof Request ? input.url : String(input));
      const stubbed = this.#answer(method, pathname);
      if (stubbed !== undefined) return Response.json(stubbed);
      const response = await this.#original(input, init);
      if (method === 'PATCH') this.patched.push(response.status);
      return response;
    };
  }

  putBack(): void {
    globalThis.fetch = this.#original;
  }

  #answer(method: string, path: string): object | undefined {
    if (path === '/api/v1/auth/password/sign-up')
      return { access_token: exampleToken(), refresh_token: 'r'.repeat(45), user_id: exampleUserId };
    if (path === '/api/v1/users/me' || path === `/api/v1/users/${exampleUserId}`) return exampleUser;
    if (method === 'GET' && this.isListAnswered && path.includes('/notification-preference/'))
      return { items: exampleItems, is_paginated: false };
    return undefined;
  }
}

const exampleItems = notificationCategories.map(({ id, name, canDisable }) => ({
  notification_category_id: id,
  notification_category_name: name,
  enabled: true,
  can_disable: canDisable,
}));

const exampleUser = {
  id: exampleUserId,
  primary_email: 'ann@example.com',
  primary_email_verified: false,
  primary_email_auth_enabled: true,
  display_name: null,
  selected_team: null,
  selected_team_id: null,
  profile_image_url: null,
  signed_up_at_millis: 1_795_488_572_000,
  has_password: true,
  otp_auth_enabled: false,
  passkey_auth_enabled: false,
  client_metadata: null,
  client_read_only_metadata: null,
  server_metadata: null,
  last_active_at_millis: 1_795_488_572_000,
  is_anonymous: false,
  is_restricted: false,
  restricted_reason: null,
  restricted_by_admin: false,
  restricted_by_admin_reason: null,
  restricted_by_admin_private_details: null,
  country_code: null,
  risk_scores: { sign_up: { bot: 0, free_trial_abuse: 0 } },
  oauth_providers: [],
  auth_with_email: true,
  requires_totp_mfa: false,
};
