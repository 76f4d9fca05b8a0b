import { act } from './act.ts';
import type { Client, Person } from './person.ts';

const sendRequest = /^POST .*\/emails\/send-email/;
const stranger = '00000000-0000-4000-8000-000000000000';
const refusedEach = 25;

/** A backend that writes mails to the people of this client, each with a subject no other has; one of 25 goes to nobody and must be refused. */
export function createMailer({ sdk, settings, file }: Client) {
  const server = sdk.createServer(settings.target);
  return {
    async send(n: number, person: Person): Promise<void> {
      const isRefused = n % refusedEach === 0;
      const userId = isRefused ? stranger : person.id;
      const subject = `${settings.run} ${settings.client} #${n}`;
      const about = { n, kind: 'mail', write: sendRequest, ...(isRefused ? { refusal: 400 } : {}) };
      const { outcome } = await act(about, () =>
        server.sendEmail({ userIds: [userId], subject, html: `<p>Mail ${n} of ${settings.client}</p>` }),
      );
      file.write({ type: 'mail', n, subject, userId, outcome });
    },
    async listUsers(n: number): Promise<void> {
      await act({ n, kind: 'list-users', write: /^GET .*\/users/ }, () => server.listUsers({ limit: 10 }));
    },
  };
}
