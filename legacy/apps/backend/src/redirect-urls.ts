import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { ProjectConfig } from './projects/project-config.ts';

const defaultPorts: Record<string, string> = { 'http:': '80', 'https:': '443' };
const mobileProtocol = 'stack-auth-mobile-oauth-url:';

/** Throws REDIRECT_URL_NOT_WHITELISTED unless mails of this project may lead there. */
export function assertRedirectUrlAllowed(url: string, domains: ProjectConfig['domains']): void {
  if (!isRedirectUrlAllowed(url, domains)) throw new KnownErrors.RedirectUrlNotWhitelisted();
}

/** Localhost where the project allows it, or protocol, host and port of a trusted domain; the path is not compared. */
export function isRedirectUrlAllowed(url: string, domains: ProjectConfig['domains']): boolean {
  const target = parseUrl(url);
  if (target === null) return false;
  if (domains.allowLocalhost && isLocalhost(target.hostname)) return true;
  return Object.values(domains.trustedDomains).some(({ baseUrl }) => baseUrl !== undefined && matchesDomain(target, baseUrl));
}

/** Where a sign-in with a provider may end: as above, or in an app, by the scheme of the SDKs for telephones. */
export function isOAuthRedirectAllowed(url: string, domains: ProjectConfig['domains']): boolean {
  return (URL.canParse(url) && new URL(url).protocol === mobileProtocol) || isRedirectUrlAllowed(url, domains);
}

function matchesDomain(target: URL, baseUrl: string): boolean {
  const pattern = /^(https?:)\/\/([^/:?#@]+)(?::(\d+|\*))?\/?$/.exec(baseUrl);
  const [, protocol, host, port] = pattern ?? [];
  if (protocol === undefined || host === undefined || target.protocol !== protocol) return false;
  if (port !== '*' && portOf(target.protocol, target.port) !== portOf(protocol, port ?? '')) return false;
  return hostMatches(target.hostname.split('.'), host.toLowerCase().split('.'));
}

/** `*` stands for one label (or a part of it), `**` for one or more. */
function hostMatches(labels: readonly string[], pattern: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return labels.length === 0;
  if (head === '**') return labels.some((_, index) => hostMatches(labels.slice(index + 1), rest));
  const [label, ...others] = labels;
  return label !== undefined && labelMatches(label, head) && hostMatches(others, rest);
}

function labelMatches(label: string, pattern: string): boolean {
  if (!pattern.includes('*')) return label === pattern;
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('[a-z0-9-]*')}$`).test(label);
}

function isLocalhost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

function portOf(protocol: string, port: string): string {
  return port === '' ? (defaultPorts[protocol] ?? '') : port;
}

function parseUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}
