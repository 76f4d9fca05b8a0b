/** What a bench knows of one seeded user. */
export type BenchUser = { refreshToken: string; accessToken: string; teamId: string };

/** One route that is asked again and again in a real day. `peer` is the same server answering without a database. */
export type HotRoute = { name: string; isPeer?: boolean; send(user: BenchUser): Promise<void> };

const projectId = '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0002';
const publishableClientKey = 'this-bench-publishable-client-key-is-for-local-development-only';
const timeoutMs = 10_000;

/** The routes, at a server. */
export function hotRoutes(api: string): HotRoute[] {
  return [
    { name: 'GET /', isPeer: true, send: () => ask(`${api}/`, {}) },
    { name: 'GET /users/me', send: (user) => ask(`${api}/users/me`, { headers: client(user) }) },
    {
      name: 'POST /auth/oauth/token (refresh)',
      send: ({ refreshToken }) =>
        ask(`${api}/auth/oauth/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'refresh_token',
            refresh_token: refreshToken,
            client_id: projectId,
            client_secret: publishableClientKey,
          }),
        }),
    },
    {
      name: 'GET /team-permissions (check)',
      send: (user) => ask(`${api}/team-permissions?team_id=${user.teamId}&user_id=me&recursive=true`, { headers: client(user) }),
    },
  ];
}

/** Signs a seeded user in by its refresh token, and looks at its team. */
export async function benchUser(api: string, refreshToken: string): Promise<BenchUser> {
  const session = await askJson(`${api}/auth/sessions/current/refresh`, {
    method: 'POST',
    headers: { ...client(), 'x-stack-refresh-token': refreshToken },
  });
  const user = { refreshToken, accessToken: String(session['access_token']), teamId: '' };
  const me = await askJson(`${api}/users/me`, { headers: client(user) });
  return { ...user, teamId: String(me['selected_team_id']) };
}

function client(user?: BenchUser): Record<string, string> {
  return {
    'x-stack-project-id': projectId,
    'x-stack-access-type': 'client',
    'x-stack-publishable-client-key': publishableClientKey,
    ...(user === undefined ? {} : { 'x-stack-access-token': user.accessToken }),
  };
}

async function ask(url: string, init: RequestInit): Promise<void> {
  await askText(url, init);
}

async function askJson(url: string, init: RequestInit): Promise<Record<string, unknown>> {
  return JSON.parse(await askText(url, init)) as Record<string, unknown>;
}

async function askText(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${init.method ?? 'GET'} ${url} answered ${response.status}: ${text.slice(0, 200)}`);
  return text;
}
