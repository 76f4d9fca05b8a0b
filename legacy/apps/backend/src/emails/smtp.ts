import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import { parseConnectionUrl } from 'nodemailer/lib/shared';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailSender, MailServer } from './mail-server.ts';

/** Until the mail's last byte, its final dot, is handed over; a fence waits for no longer than this and the rest of its patience. */
const toFinalDotMsMax = 800;
/** Until the server answers the final dot. After it the mail may be delivered whatever we think, so it is never sent again by itself. */
const answerMsMax = 5_000;
const pieceBytes = 16_384;

export type Letter = {
  id: string;
  tenancyId: string;
  from: MailSender;
  to: string[];
  subject: string;
  html: string | null;
  text: string | null;
  /** Null for mails that nobody can turn off. */
  unsubscribeLink: string | null;
};

/** What came of one attempt. `refused`: surely not accepted, `isForGood` when trying again is pointless. `unknown`: no answer after the final dot. */
export type Delivery = { kind: 'accepted' } | { kind: 'refused'; reason: string; isForGood: boolean } | { kind: 'unknown'; reason: string };

/** Sends one mail over one connection of its own, to a server or to the one of a URL (`smtp://[user:password@]host:port`). Never throws: every end is a delivery. */
export async function deliver(server: MailServer | string, letter: Letter): Promise<Delivery> {
  const message = await compose(letter);
  const { auth, ...address } = typeof server === 'string' ? parseConnectionUrl(server) : server;
  const connection = new SMTPConnection({
    ...address,
    connectionTimeout: toFinalDotMsMax,
    greetingTimeout: toFinalDotMsMax,
  });
  return new Promise<Delivery>((resolve) => {
    let isHandedOver = false;
    let timer = setTimeout(
      () => end({ kind: 'refused', reason: `no final dot within ${toFinalDotMsMax} ms`, isForGood: false }),
      toFinalDotMsMax,
    );
    const end = (delivery: Delivery) => {
      clearTimeout(timer);
      resolve(delivery);
      // Last: closing tells of an end too, which by now means nothing.
      connection.close();
    };
    // In pieces, so that its end means the socket has taken nearly all of it.
    const body = Readable.from(pieces(message));
    body.once('end', () => {
      isHandedOver = true;
      clearTimeout(timer);
      timer = setTimeout(() => end({ kind: 'unknown', reason: `no answer within ${answerMsMax} ms` }), answerMsMax);
    });
    const fail = (error: SmtpError) => end(failure(error, isHandedOver));
    connection.once('error', fail);
    connection.once('end', () => fail(new Error('the connection ended')));
    const send = () =>
      connection.send({ from: letter.from.address, to: letter.to }, body, (error) =>
        error === null ? end({ kind: 'accepted' }) : fail(error),
      );
    connection.connect((error) => {
      if (error) return fail(error);
      if (auth?.user === undefined) return send();
      connection.login({ user: auth.user, pass: auth.pass ?? '' }, (refused) => (refused ? fail(refused) : send()));
    });
  });
}

type SmtpError = Error & { responseCode?: number };

/** A refusal in the server's own words is one at any time; silence is harmless only before the final dot. */
function failure(error: SmtpError, isHandedOver: boolean): Delivery {
  const reason = error.message.slice(0, 500);
  if (error.responseCode !== undefined) return { kind: 'refused', reason, isForGood: error.responseCode >= 500 };
  return isHandedOver ? { kind: 'unknown', reason } : { kind: 'refused', reason, isForGood: false };
}

function* pieces(message: Buffer): Generator<Buffer> {
  for (let start = 0; start < message.length; start += pieceBytes) yield message.subarray(start, start + pieceBytes);
}

function compose(letter: Letter): Promise<Buffer> {
  const mail = new MailComposer({
    from: letter.from,
    to: letter.to.map((address) => ({ name: '', address })),
    subject: letter.subject,
    ...(letter.html === null ? {} : { html: letter.html }),
    ...(letter.text === null ? {} : { text: letter.text }),
    messageId: `<${letter.id}@notifications>`,
    headers: {
      'X-Stack-Tenancy': letter.tenancyId,
      ...(letter.unsubscribeLink === null ? {} : { 'List-Unsubscribe': `<${letter.unsubscribeLink}>` }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return mail.compile().build();
}
