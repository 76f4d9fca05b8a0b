import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Faults } from './faults.ts';
import type { Mail, MailStore } from './mail-store.ts';

const mailBytesMax = 10 * 1024 * 1024;
const recipientsMax = 100;
const clientsMax = 200;

/** The SMTP side: takes every mail within its limits, without log-in, and keeps it. Faults act before a mail counts as accepted. */
export function createSmtp(deps: { store: MailStore; faults: Faults; log: Logger }): SMTPServer {
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    size: mailBytesMax,
    maxClients: clientsMax,
    closeTimeout: 1_000,
    banner: 'mailbox',
    logger: false,
    onRcptTo: (_address, session, callback) => {
      if (session.envelope.rcptTo.length < recipientsMax) return callback();
      callback(reply(452, `at most ${recipientsMax} recipients`));
    },
    onData: (stream, session, callback) => {
      accept(deps, stream, session).then(
        (id) => callback(null, `queued as ${id}`),
        (error: unknown) => callback(error instanceof Error ? error : new Error(errorText(error))),
      );
    },
  });
  server.on('error', (error) => deps.log.warn({ error: errorText(error) }, 'smtp connection failed'));
  return server;
}

async function accept(
  deps: { store: MailStore; faults: Faults },
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const parsed = await simpleParser(stream, { skipImageLinks: true, skipTextToHtml: true });
  if (stream.sizeExceeded) throw reply(552, `a mail has at most ${mailBytesMax} bytes`);
  await deps.faults.delay();
  if (deps.faults.rejects()) throw reply(451, 'rejected by a fault that was asked for');
  return deps.store.add(mailOf(parsed, stream, session)).id;
}

function mailOf(
  parsed: ParsedMail,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Omit<Mail, 'id' | 'seen' | 'posixMillis' | 'date'> {
  const envelopeFrom = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
  return {
    messageId: parsed.messageId ?? null,
    from: addressText(parsed.from) || envelopeFrom,
    to: session.envelope.rcptTo.map((recipient) => recipient.address),
    subject: parsed.subject ?? '',
    size: stream.byteLength,
    header: headersOf(parsed),
    text: parsed.text ?? '',
    html: typeof parsed.html === 'string' ? parsed.html : '',
    attachments: parsed.attachments.map(({ filename, contentType, size }) => ({ filename: filename ?? 'unnamed', contentType, size })),
  };
}

function headersOf(parsed: ParsedMail): Record<string, string[]> {
  const header: Record<string, string[]> = {};
  for (const { line } of parsed.headerLines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    header[name] = [...(header[name] ?? []), line.slice(colon + 1).trim()];
  }
  return header;
}

function addressText(from: AddressObject | undefined): string {
  return from?.text ?? '';
}

function reply(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
