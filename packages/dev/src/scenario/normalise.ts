/** What differs between two runs although nothing changed: replaced by words, ids by the order of their first appearance. */
export class Normaliser {
  readonly #names = new Map<string, string>();
  readonly #texts: readonly (readonly [string, string])[];

  /** `texts` are replaced literally first: the run's own name, the base URL. */
  constructor(texts: readonly (readonly [string, string])[]) {
    this.#texts = texts;
  }

  /** A JSON value with object keys in order, ids, tokens, times and the run's texts replaced. Call it in the order of events. */
  value(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return this.#word(value, key);
    if (typeof value === 'number') return timeKey.test(key) ? '<time>' : value;
    if (Array.isArray(value)) return value.map((entry) => this.value(entry, key));
    if (value instanceof Date) return '<time>';
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined && typeof entry !== 'function');
    return Object.fromEntries(
      entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, entry]) => [name, this.value(entry, name)]),
    );
  }

  text(text: string): string {
    const known = this.#texts.reduce((current, [from, to]) => current.replaceAll(from, to), text);
    return known
      .replace(jwt, (token) => `<token ${JSON.stringify(this.value(claims(token)))}>`)
      .replace(apiKey, '<api key>')
      .replace(secret, '<secret>')
      .replace(secretParameter, '$1<secret>')
      .replace(uuid, (id) => (fixedIds.has(id) ? id : this.#name(id)))
      .replace(isoTime, '<time>');
  }

  #word(text: string, key: string): string {
    if (timeKey.test(key)) return '<time>';
    return secretKeys.has(key) && !text.startsWith('eyJ') ? '<secret>' : this.text(text);
  }

  #name(id: string): string {
    const name = this.#names.get(id) ?? `<id ${this.#names.size + 1}>`;
    this.#names.set(id, name);
    return name;
  }
}

const depthMax = 8;

/**
 * What of an SDK's result can be compared: data, times and arrays. Functions, sessions and other instances are left out; users, teams and
 * their like are objects whose methods stand among their data.
 */
export function plain(value: unknown, depth = 0): unknown {
  if (value instanceof Date) return value;
  if (value instanceof Error) return { error: value.name, message: value.message };
  if (Array.isArray(value)) return value.map((entry) => plain(entry, depth + 1));
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  if (depth > depthMax) return undefined;
  const names = Object.keys(value).filter((name) => !name.startsWith('_') && !notData.has(name));
  return Object.fromEntries(names.map((name) => [name, plain((value as Record<string, unknown>)[name], depth + 1)]));
}

const notData = new Set(['app', 'currentSession', 'user']);
const timeKey = /(_at_millis|_at|At|^iat|^exp|^date|expires_in)$/;
const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const secret = /\b(?:pck_|ssk_|sak_)?[0-9a-z]{45}\b/g;
const apiKey = /\b[sp]k_[0-9a-z]{45}[0-9a-f]{32}(?:user|team)\w+/g;
const secretParameter = /([?&](?:code|state|code_challenge)=)[^&#"\s]+/g;
/** Drawn anew each time, in forms that no pattern tells from words. */
const secretKeys = new Set([
  ...['access_token', 'refresh_token', 'accessToken', 'refreshToken', 'code', 'nonce', 'polling_code', 'login_code', 'totp', 'challenge'],
  ...['encrypted_value', 'code_verifier', 'last_four', 'lastFour', 'state', 'secret'],
]);
const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const isoTime = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g;
/** Ids that mean the same everywhere: a change of one is a difference. */
const fixedIds = new Set(['7bb82d33-2f54-4a3d-9d23-82739e0d66ef', '4f6f8873-3d04-46bd-8bef-18338b1a1b4c']);

function claims(token: string): unknown {
  const payload = token.split('.')[1] ?? '';
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return 'not a token';
  }
}
