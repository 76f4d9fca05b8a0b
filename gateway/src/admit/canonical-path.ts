const unreserved = /[A-Za-z0-9\-._~]/;
/** Bytes a path may carry as they are (RFC 3986 pchar and `/`); `[`, `]` and `|` are tolerated as browsers send them. */
const allowed = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/%[\]|]*$/;
const escapes = /%([0-9A-Fa-f]{2})/g;
const targetBytesMax = 8_192;

export type CanonicalTarget = { path: string; search: string };
export type TargetMistake = { mistake: string; status: 400 | 414 };

/**
 * The one form of a request target that routing and the upstream URL use (RFC 3986 §6.2.2): escapes of unreserved characters decoded,
 * hex digits in upper case. What two parsers could read differently is refused: absolute form, `//`, dot segments, escaped slashes and controls.
 */
export function canonicalTarget(target: string): CanonicalTarget | TargetMistake {
  if (target.length > targetBytesMax) return { mistake: 'target too long', status: 414 };
  if (!target.startsWith('/')) return refused('target is not a path');
  const [rawPath, search] = splitTarget(target);
  if (search.includes('#') || /[^\x21-\x7e]/.test(search)) return refused('query holds a forbidden byte');
  if (!allowed.test(rawPath)) return refused('path holds a forbidden byte');
  if (/%(?![0-9A-Fa-f]{2})/.test(rawPath)) return refused('path holds a broken escape');
  if (/%(2f|5c|7f|[01][0-9a-f])/i.test(rawPath)) return refused('path holds an escaped slash or control');
  const path = rawPath.replace(escapes, normalEscape);
  if (path.includes('//')) return refused('path holds an empty segment');
  if (/(^|\/)\.\.?(\/|$)/.test(path)) return refused('path holds a dot segment');
  return { path, search };
}

function refused(mistake: string): TargetMistake {
  return { mistake, status: 400 };
}

function splitTarget(target: string): [string, string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at)];
}

function normalEscape(written: string, hex: string): string {
  const character = String.fromCharCode(Number.parseInt(hex, 16));
  return unreserved.test(character) ? character : written.toUpperCase();
}
