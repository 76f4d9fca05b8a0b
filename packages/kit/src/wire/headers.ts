import { randomBytes } from 'node:crypto';

const stackNames = [
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
const allowedRequestHeaders = [
  'content-type',
  'authorization',
  ...stackNames.map((name) => `x-stack-${name}`),
  'baggage',
  'sentry-trace',
  'x-vercel-protection-bypass',
  'ngrok-skip-browser-warning',
  ...stackNames.map((name) => `x-hexclave-${name}`),
].join(', ');

/** On every answer below /api, preflight or not. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-max-age': '86400',
  'access-control-allow-headers': allowedRequestHeaders,
  'access-control-expose-headers': 'content-type, x-stack-actual-status, x-stack-known-error',
  vary: allowedRequestHeaders,
};

const requestIdAlphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const requestIdLength = 16;

/** 80 random bits as 16 letters and digits that cannot be mistaken for one another. */
export function createRequestId(random: (bytes: number) => Uint8Array = randomBytes): string {
  return Array.from(random(requestIdLength), (byte) => requestIdAlphabet[byte % requestIdAlphabet.length]).join('');
}

/** One header by its name after `x-stack-`, in either family; empty counts as absent. The older name wins when both are sent. */
export type StackHeader = (name: string) => string | undefined;

/** Reads both header families of Node's header object. */
export function stackHeaderOf(headers: Record<string, string | string[] | undefined>): StackHeader {
  return (name) => single(headers[`x-stack-${name}`]) ?? single(headers[`x-hexclave-${name}`]);
}

function single(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value;
  return text === undefined || text === '' ? undefined : text;
}
