import { Readable } from 'node:stream';
import { errorText } from '@atlas/kit/errors';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailSender, MailServer } from '../project/project-owner.ts';
import type { Mail } from './mail.ts';
import type { Delivery } from './sending.ts';

/** Until the final dot the fence would have to wait; after it only a confirmation is missing, and the mail may be on its way. */
export const smtpLimits = { untilFinalDotMs: 800, afterFinalDotMs: 5_000 } as const;

/** How one mail goes: to whom, in whose name, by which server (null: the shared one), and how its readers refuse more of its kind. */
export type Dispatch = { emails: string[]; sender: MailSender; server: MailServer | null; unsubscribeLink: string | null };

/** Hands one mail to a mail server. Never throws: what happened, and how far it got, is the answer. */
export type Mailer = { deliver(mail: Mail, dispatch: Dispatch): Promise<Delivery> };

/** A mailer for `smtp://[user:password@]host:port` or `smtps://…`; each mail has a connection of its own. */
export function createMailer(smtpUrl: string): Mailer {
  const shared = parseServer(smtpUrl);
  return {
    deliver: async (mail, dispatch) => {
      try {
        const message = await compose(mail, dispatch);
        const { server, sender, emails } = dispatch;
        return await new Attempt(server ?? shared).run({ from: sender.address, to: emails }, message);
      } catch (error) {
        // Nothing was sent: `run` answers whatever happens on the wire.
        return { kind: 'refused', reason: errorText(error), isForGood: true };
      }
    },
  };
}

/** One SMTP conversation under its two limits. */
class Attempt {
  readonly #connection: SMTPConnection;
  readonly #auth: MailServer['auth'];
  #isPastFinalDot = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(server: MailServer) {
    const { host, port, secure } = server;
    this.#auth = server.auth;
    // The limits are ours; those of the library only have to be longer.
    const longerMs = smtpLimits.untilFinalDotMs + smtpLimits.afterFinalDotMs;
    this.#connection = new SMTPConnection({
      host,
      port,
      secure,
      connectionTimeout: longerMs,
      greetingTimeout: longerMs,
      socketTimeout: longerMs,
    });
  }

  async run(envelope: { from: string; to: string[] }, message: Buffer): Promise<Delivery> {
    const delivery = new Promise<Delivery>((resolve) => {
      const fail = (error: unknown) => resolve(this.#failure(error));
      this.#limit(smtpLimits.untilFinalDotMs, resolve);
      this.#connection.on('error', fail);
      this.#connection.on('end', () => fail(new Error('the mail server closed the connection')));
      this.#connection.connect((error) => {
        if (error) return fail(error);
        this.#login((loginError) => {
          if (loginError) return fail(loginError);
          this.#connection.send(envelope, this.#watched(message, resolve), (sendError) =>
            sendError ? fail(sendError) : resolve({ kind: 'accepted' }),
          );
        });
      });
    });
    try {
      return await delivery;
    } finally {
      clearTimeout(this.#timer);
      this.#connection.close();
    }
  }

  #login(done: (error: Error | null | undefined) => void): void {
    if (this.#auth === null) done(null);
    else this.#connection.login({ user: this.#auth.user, pass: this.#auth.pass }, (error) => done(error));
  }

  /** The library writes the final dot when the stream has ended: from then on the mail counts as possibly sent. */
  #watched(message: Buffer, resolve: (delivery: Delivery) => void): Readable {
    const stream = Readable.from([message], { objectMode: false });
    stream.once('end', () => {
      this.#isPastFinalDot = true;
      this.#limit(smtpLimits.afterFinalDotMs, resolve);
    });
    return stream;
  }

  #limit(ms: number, resolve: (delivery: Delivery) => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => resolve(this.#failure(new Error(`the mail server took longer than ${ms} ms`))), ms);
  }

  #failure(error: unknown): Delivery {
    const reason = errorText(error);
    const code = (error as { responseCode?: number }).responseCode;
    // A reply with a status is a refusal even after the dot: the server says that it did not take the mail.
    if (this.#isPastFinalDot && code === undefined) return { kind: 'unknown', reason };
    return { kind: 'refused', reason, isForGood: code !== undefined && code >= 500 };
  }
}

async function compose(mail: Mail, { emails, sender, unsubscribeLink }: Dispatch): Promise<Buffer> {
  const composer = new MailComposer({
    messageId: `<${mail.id}@notifications>`,
    from: sender,
    to: emails.map((address) => ({ name: '', address })),
    subject: mail.subject ?? '',
    ...(mail.html === null ? {} : { html: mail.html }),
    ...(mail.text === null ? {} : { text: mail.text }),
    date: mail.createdAt,
    headers: {
      'X-Stack-Tenancy': mail.tenancyId,
      ...(unsubscribeLink === null ? {} : { 'List-Unsubscribe': `<${unsubscribeLink}>` }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

function parseServer(smtpUrl: string): MailServer {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const port = Number(url.port || (secure ? 465 : 25));
  const auth = url.username === '' ? null : { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
  return { host: url.hostname, port, secure, auth };
}
