const plainHeaders = ['content-type', 'authorization'];
const stackHeaders = [
  'project-id',
  'branch-id',
  'override-error-status',
  'random-nonce',
  'client-version',
  'disable-artificial-development-delay',
  'access-type',
  'publishable-client-key',
  'secret-server-key',
  'super-secret-admin-key',
  'admin-access-token',
  'refresh-token',
  'access-token',
  'allow-anonymous-user',
];
const foreignHeaders = ['baggage', 'sentry-trace', 'x-vercel-protection-bypass', 'ngrok-skip-browser-warning'];

const allowed = [
  ...plainHeaders,
  ...stackHeaders.map((name) => `x-stack-${name}`),
  ...foreignHeaders,
  ...stackHeaders.map((name) => `x-hexclave-${name}`),
].join(', ');

/** On every answer below /api, preflight or not. */
export const corsHeaders: Record<string, string> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-max-age': '86400',
  'access-control-allow-headers': allowed,
  'access-control-expose-headers': 'content-type, x-stack-actual-status, x-stack-known-error',
  vary: allowed,
};
