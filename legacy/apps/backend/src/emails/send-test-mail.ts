import { randomUUID } from 'node:crypto';
import { isLoopback, ownServer } from './mail-server.ts';
import { deliver } from './smtp.ts';

type TestMail = { tenancyId: string; projectName: string; to: string };
type EmailConfig = { host: string; port: number; username: string; password: string; sender_email: string; sender_name: string };

/** Tries a mail server's settings with one mail. In development only a server of this machine is tried. Never throws for what the server says. */
export async function sendTestMail(
  mail: TestMail,
  settings: EmailConfig,
  environment: 'development' | 'production',
): Promise<{ success: boolean; error_message?: string }> {
  const { host, port, username, password } = settings;
  const server = ownServer({ isShared: false, host, port, username, password }, environment);
  if (server === null) return { success: false, error_message: notLoopback(host) };
  const line = `This is a test mail of ${mail.projectName}. Your mail server is set up.`;
  const delivery = await deliver(server, {
    id: randomUUID(),
    tenancyId: mail.tenancyId,
    from: { name: settings.sender_name, address: settings.sender_email },
    to: [mail.to],
    subject: `Test mail of ${mail.projectName}`,
    html: null,
    text: line,
    unsubscribeLink: null,
  });
  return delivery.kind === 'accepted' ? { success: true } : { success: false, error_message: delivery.reason };
}

function notLoopback(host: string): string {
  return isLoopback(host) ? 'The settings are not complete.' : 'In development only a mail server on this machine can be used.';
}
