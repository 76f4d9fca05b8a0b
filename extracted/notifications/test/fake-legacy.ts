import { createHash, generateKeyPairSync } from 'node:crypto';
import { listen } from '@atlas/kit/http';
import express from 'express';
import { exportJWK, SignJWT } from 'jose';

export const serviceToken = 'service-token-of-the-test';
export const keys = { client: 'pck_good', server: 'ssk_good', admin: 'sak_good' } as const;

export type FakeUser = { tenancyId: string; id: string; email: string | null; isAnonymous?: boolean; displayName?: string };
/** Of every project of the fake. */
export const unsubscribeKey = Buffer.alloc(32, 7);
type Project = { id: string; displayName: string; tenancyId: string; requiresClientKey: boolean };

/** What this service sees of the legacy: published keys, introspection, users. It counts what it is asked and can fall silent. */
export type FakeLegacy = {
  url: string;
  isDown: boolean;
  asked: { keys: number; introspections: number; users: number };
  projects: Map<string, Project>;
  users: FakeUser[];
  /** What mails may be made of, by id; of a project `mailServer` is its own server. */
  templates: Map<string, { source: string; themeId?: string | false }>;
  drafts: Map<string, { source: string; sentAt: Date | null }>;
  themes: Map<string, string>;
  mailSettings: Map<string, Record<string, unknown>>;
  token(user: Pick<FakeUser, 'id' | 'isAnonymous'>, options?: TokenOptions): Promise<string>;
  close(): Promise<void>;
};

export type TokenOptions = { projectId?: string; publicUrl: string; expiresInSeconds?: number; restrictedReason?: { type: string } };

export async function startFakeLegacy(): Promise<FakeLegacy> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = createHash('sha256')
    .update(pair.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 12);
  const jwk = { ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid };
  const app = express();
  const legacy: FakeLegacy = {
    url: '',
    isDown: false,
    asked: { keys: 0, introspections: 0, users: 0 },
    projects: new Map(),
    users: [],
    templates: new Map(),
    drafts: new Map(),
    themes: new Map(),
    mailSettings: new Map(),
    token: (user, options) => signToken(user, { ...defaultToken, ...options }, { kid, privateKey: pair.privateKey }),
    close: async () => {},
  };
  app.use((req, res, next) => {
    if (legacy.isDown) return void res.status(503).end();
    if (req.path.startsWith('/service/') && req.get('authorization') !== `Bearer ${serviceToken}`) return void res.status(401).end();
    next();
  });
  app.get('/api/v1/projects/:id/.well-known/jwks.json', (req, res) => {
    legacy.asked.keys += 1;
    if (!legacy.projects.has(req.params.id)) return void res.status(404).end();
    res.json({ keys: [jwk] });
  });
  app.post('/service/introspect', express.json(), (req, res) => {
    legacy.asked.introspections += 1;
    res.json(introspect(legacy, req.body as Record<string, string>));
  });
  app.get('/service/tenancies/:tenancy/users/:user', (req, res) => {
    legacy.asked.users += 1;
    const user = legacy.users.find(({ tenancyId, id }) => tenancyId === req.params.tenancy && id === req.params.user);
    res.json({ user: user === undefined ? null : userJson(user), position: '0/1' });
  });
  app.get('/service/tenancies/:tenancy/mail-settings', (req, res) => {
    const project = [...legacy.projects.values()].find(({ tenancyId }) => tenancyId === req.params.tenancy);
    const settings = project && {
      sender: { name: project.displayName, address: 'noreply@example.com' },
      server: null,
      unsubscribe_key: unsubscribeKey.toString('base64url'),
      capacity_boost_expires_at_millis: null,
      ...legacy.mailSettings.get(project.tenancyId),
    };
    res.json({ settings: settings ?? null });
  });
  app.post('/service/tenancies/:tenancy/mail-source', express.json({ limit: '2mb' }), (req, res) => {
    res.json(mailSource(legacy, req.params.tenancy, req.body as MailSourceQuestion));
  });
  app.post('/service/tenancies/:tenancy/draft-sent/:draft', (req, res) => {
    const draft = legacy.drafts.get(req.params.draft);
    if (draft !== undefined) draft.sentAt = new Date();
    res.json({ done: true });
  });
  const listening = await listen(app, { port: 0 });
  legacy.url = listening.url;
  legacy.close = listening.close;
  return legacy;
}

const defaultToken = { projectId: 'internal', publicUrl: '', expiresInSeconds: 600 };

async function signToken(
  user: Pick<FakeUser, 'id' | 'isAnonymous'>,
  options: TokenOptions & { projectId: string; expiresInSeconds: number },
  key: { kid: string; privateKey: Parameters<SignJWT['sign']>[0] },
): Promise<string> {
  const reason = user.isAnonymous === true ? { type: 'anonymous' } : (options.restrictedReason ?? null);
  const [suffix, folder] =
    user.isAnonymous === true
      ? [':anon', 'projects-anonymous-users']
      : reason === null
        ? ['', 'projects']
        : [':restricted', 'projects-restricted-users'];
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    project_id: options.projectId,
    branch_id: 'main',
    refresh_token_id: '5e515bc5-9ec5-4a20-bb9a-f50d432275a1',
    role: 'authenticated',
    name: null,
    email: null,
    email_verified: false,
    selected_team_id: null,
    signed_up_at: now,
    is_anonymous: user.isAnonymous === true,
    is_restricted: reason !== null,
    restricted_reason: reason,
    requires_totp_mfa: false,
  })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid })
    .setSubject(user.id)
    .setIssuer(`${options.publicUrl}/api/v1/${folder}/${options.projectId}`)
    .setAudience(`${options.projectId}${suffix}`)
    .setIssuedAt(now)
    .setExpirationTime(now + options.expiresInSeconds)
    .sign(key.privateKey);
}

function introspect(legacy: FakeLegacy, question: Record<string, string>): unknown {
  const project = legacy.projects.get(question['project_id'] ?? '');
  const verdict = (given: string | undefined, good: string) => (given === undefined ? null : given === good);
  const branchExists = project !== undefined && (question['branch_id'] ?? 'main') === 'main';
  return {
    project:
      project === undefined
        ? null
        : { id: project.id, display_name: project.displayName, require_publishable_client_key: project.requiresClientKey },
    branch_exists: branchExists,
    tenancy_id: branchExists ? project.tenancyId : null,
    publishable_client_key_valid: verdict(question['publishable_client_key'], keys.client),
    secret_server_key_valid: verdict(question['secret_server_key'], keys.server),
    super_secret_admin_key_valid: verdict(question['super_secret_admin_key'], keys.admin),
  };
}

type MailSourceQuestion = { html?: string; template_id?: string; draft_id?: string; theme_id?: string | false | null };

/** As the legacy answers, but its projects have no theme unless a mail asks for one. */
function mailSource(legacy: FakeLegacy, tenancyId: string, asked: MailSourceQuestion): unknown {
  const project = [...legacy.projects.values()].find((one) => one.tenancyId === tenancyId);
  const template = legacy.templates.get(asked.template_id ?? '');
  const draft = legacy.drafts.get(asked.draft_id ?? '');
  const themeId = asked.theme_id ?? template?.themeId ?? false;
  const theme = themeId === false ? null : legacy.themes.get(themeId);
  const source = asked.html ?? template?.source ?? draft?.source;
  if (source === undefined)
    return { refusal: { status: 404, text: asked.draft_id === undefined ? 'Template not found.' : 'Draft not found.' } };
  if (theme === undefined) return { refusal: { status: 404, text: 'Theme not found.' } };
  return {
    project: { display_name: project?.displayName ?? '' },
    source,
    theme: theme === null ? null : { id: themeId, source: theme },
    variables: {},
    created_with: draft === undefined ? 'programmatic-call' : 'draft',
    template_id: asked.template_id ?? asked.draft_id ?? null,
  };
}

function userJson(user: FakeUser): unknown {
  const channel = { id: user.id, type: 'email', value: user.email, is_primary: true, is_verified: false, used_for_auth: true };
  return {
    project_user_id: user.id,
    display_name: user.displayName ?? null,
    is_anonymous: user.isAnonymous === true,
    restricted_by_admin: false,
    signed_up_at_millis: 0,
    contact_channels: user.email === null ? [] : [channel],
  };
}
