import type { MailServerConfig } from '../projects/project-config.ts';

/** Where mails are handed over, and in whose name. `auth` and `secure` only for a server of the project's own. */
export type MailServer = { host: string; port: number; secure: boolean; auth: { user: string; pass: string } | null };
export type MailSender = { name: string; address: string };

/** Of all projects that have none of their own. */
export const sharedAddress = 'noreply@example.com';
const implicitTlsPort = 465;

/** In whose name a project's mails go out. */
export function senderOf(project: { displayName: string }, server: MailServerConfig): MailSender {
  if (server.isShared) return { name: project.displayName, address: sharedAddress };
  return { name: server.senderName ?? project.displayName, address: server.senderEmail ?? sharedAddress };
}

/** The server of a project's own; null when it uses the shared one. In development no mail leaves the machine, whatever the settings say. */
export function ownServer(server: MailServerConfig, environment: 'development' | 'production'): MailServer | null {
  if (server.isShared || server.host === undefined || server.port === undefined) return null;
  if (environment === 'development' && !isLoopback(server.host)) return null;
  const { host, port, username = '', password = '' } = server;
  return { host, port, secure: port === implicitTlsPort, auth: username === '' ? null : { user: username, pass: password } };
}

/** This machine, by name or address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
