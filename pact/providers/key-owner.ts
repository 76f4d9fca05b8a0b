import { generateKeyPairSync, sign } from 'node:crypto';
import { type Listening, listen } from '@atlas/kit/http';
import express from 'express';
import { developmentKeys, type Person } from './states.ts';

const tenancyId = '7f000001-0000-4000-8000-000000000001';

/** Just enough of the legacy to verify the service without it: who holds which key, who is a user, what a mail is made of, and the keys tokens are signed with. */
export async function startKeyOwner(publicUrl: string): Promise<{ url: string; signUp(): Promise<Person>; close(): Promise<void> }> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...pair.publicKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'pact-key-0001' };
  const people = new Set<string>();
  const app = express();
  app.get('/api/v1/projects/:id/.well-known/jwks.json', (_req, res) => void res.json({ keys: [key] }));
  app.post('/service/introspect', express.json(), (req, res) => {
    const {
      publishable_client_key: client,
      secret_server_key: server,
      super_secret_admin_key: admin,
    } = req.body as Record<string, unknown>;
    const isValid = (given: unknown, known: string) => (given === undefined || given === null ? null : given === known);
    res.json({
      project: { id: 'internal', display_name: 'Stack Dashboard', require_publishable_client_key: false },
      branch_exists: true,
      tenancy_id: tenancyId,
      publishable_client_key_valid: isValid(client, developmentKeys.publishableClientKey),
      secret_server_key_valid: isValid(server, developmentKeys.secretServerKey),
      super_secret_admin_key_valid: isValid(admin, ''),
    });
  });
  app.get('/service/tenancies/:tenancy/users/:user', (req, res) => {
    res.json({ user: people.has(req.params.user) ? userOf(req.params.user) : null, position: '0/1' });
  });
  app.post('/service/tenancies/:tenancy/mail-source', express.json(), (req, res) => {
    const { html = '' } = req.body as { html?: string };
    const project = { display_name: 'Stack Dashboard' };
    res.json({ project, source: html, theme: null, variables: {}, created_with: 'programmatic-call', template_id: null });
  });
  const listening: Listening = await listen(app, { port: 0 });
  return {
    url: listening.url,
    close: () => listening.close(),
    signUp: async () => {
      const userId = crypto.randomUUID();
      people.add(userId);
      return { userId, accessToken: token(userId) };
    },
  };

  function token(userId: string): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', kid: key.kid })}.${part(claimsOf(userId, publicUrl))}`;
    const signature = sign('sha256', Buffer.from(signed), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${signed}.${signature.toString('base64url')}`;
  }
}

function claimsOf(userId: string, publicUrl: string) {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: userId,
    project_id: 'internal',
    branch_id: 'main',
    refresh_token_id: crypto.randomUUID(),
    role: 'authenticated',
    name: null,
    email: `${userId}@example.com`,
    email_verified: false,
    selected_team_id: null,
    signed_up_at: now,
    is_anonymous: false,
    is_restricted: false,
    restricted_reason: null,
    requires_totp_mfa: false,
    iss: `${publicUrl}/api/v1/projects/internal`,
    iat: now,
    aud: 'internal',
    exp: now + 600,
  };
}

function userOf(userId: string) {
  const channel = {
    id: crypto.randomUUID(),
    type: 'email',
    value: `${userId}@example.com`,
    is_primary: true,
    is_verified: false,
    used_for_auth: true,
  };
  const user = { project_user_id: userId, display_name: null, is_anonymous: false, restricted_by_admin: false };
  return { ...user, signed_up_at_millis: Date.now(), contact_channels: [channel] };
}
