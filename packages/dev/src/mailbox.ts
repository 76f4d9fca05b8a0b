import { port, readSettings } from '@atlas/kit/config';
import { listen } from '@atlas/kit/http';
import { createLogger, type Logger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { Faults } from './mailbox/faults.ts';
import { MailStore } from './mailbox/mail-store.ts';
import { createMailboxApp } from './mailbox/routes.ts';
import { createSmtp } from './mailbox/smtp.ts';

const mailsMax = 50_000;

/** A mail catcher: SMTP in, pages and Inbucket's v1 REST out. Keeps the newest 50,000 mails in memory. Port 0 takes any free one. */
export function createMailbox(options: { httpPort: number; smtpPort: number; log: Logger }) {
  const store = new MailStore({ mailsMax });
  const faults = new Faults();
  const smtp = createSmtp({ store, faults, log: options.log });
  let close = async (): Promise<void> => {};
  return {
    async start(): Promise<{ url: string; smtpPort: number }> {
      await new Promise<void>((resolve, reject) => {
        smtp.server.once('error', reject);
        smtp.listen(options.smtpPort, '127.0.0.1', resolve);
      });
      const http = await listen(createMailboxApp({ store, faults }), { port: options.httpPort });
      close = () => http.close();
      const address = smtp.server.address();
      const smtpPort = typeof address === 'object' && address !== null ? address.port : options.smtpPort;
      options.log.info({ url: http.url, smtpPort }, 'mailbox ready');
      return { url: http.url, smtpPort };
    },
    async stop(): Promise<void> {
      await new Promise<void>((resolve) => smtp.close(resolve));
      await close();
    },
  };
}

if (import.meta.main) {
  const log = createLogger('mailbox');
  const settings = readSettings(process.env, { httpPort: port('MAILBOX_PORT', 8105), smtpPort: port('SMTP_PORT', 8106) });
  const mailbox = createMailbox({ ...settings, log });
  await runUntilSignal({ start: async () => void (await mailbox.start()), stop: () => mailbox.stop(), log });
}
