import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export type MailMode = 'accept' | 'refuse' | 'refuse-later' | 'silent-before-dot' | 'silent-after-dot' | 'hang-up-after-dot';

/** A mail server on loopback that keeps what it accepted, and can misbehave at each place of the conversation. */
export type FakeMailServer = { url: string; accepted: ParsedMail[]; mode: MailMode; close(): Promise<void> };

export async function startFakeMailServer(): Promise<FakeMailServer> {
  const fake: FakeMailServer = { url: '', accepted: [], mode: 'accept', close: async () => {} };
  /** False: the conversation gets no answer. A client that leaves in the middle of its mail has sent nothing. */
  async function take(stream: Readable, session: unknown): Promise<boolean> {
    const raw = await buffer(stream);
    if (fake.mode === 'hang-up-after-dot') hangUp(server, session);
    if (fake.mode !== 'accept') return false;
    fake.accepted.push(await simpleParser(raw));
    return true;
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onRcptTo: (_address, _session, done) => {
      if (fake.mode === 'silent-before-dot') return;
      if (fake.mode === 'refuse') return done(withCode(550, 'no such mailbox'));
      if (fake.mode === 'refuse-later') return done(withCode(451, 'try later'));
      done();
    },
    onData: (stream, session, done) => {
      take(stream, session)
        .then((answers) => answers && done())
        .catch((error: Error) => done(error));
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  fake.url = `smtp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  fake.close = () => new Promise((resolve) => server.close(() => resolve()));
  return fake;
}

function hangUp(server: SMTPServer, session: unknown): void {
  for (const connection of (server as unknown as { connections: Set<{ session: unknown; close(): void }> }).connections)
    if (connection.session === session) connection.close();
}

function withCode(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
