import { randomUUID } from 'node:crypto';

/** A mail that was accepted. `to` are the envelope's recipients. */
export type Mail = {
  id: string;
  messageId: string | null;
  from: string;
  to: string[];
  subject: string;
  date: string;
  posixMillis: number;
  size: number;
  seen: boolean;
  header: Record<string, string[]>;
  text: string;
  html: string;
  attachments: { filename: string; contentType: string; size: number }[];
};

/** Accepted mails in the order they came, bounded: the oldest go first. A mail to several mailboxes stands in each. */
export class MailStore {
  readonly #mails = new Map<string, Mail>();
  readonly #max: number;
  readonly #clock: () => number;

  constructor(options: { mailsMax: number; clock?: () => number }) {
    this.#max = options.mailsMax;
    this.#clock = options.clock ?? Date.now;
  }

  add(mail: Omit<Mail, 'id' | 'seen' | 'posixMillis' | 'date'>): Mail {
    const posixMillis = this.#clock();
    const stored = { ...mail, id: randomUUID(), seen: false, posixMillis, date: new Date(posixMillis).toISOString() };
    this.#mails.set(stored.id, stored);
    const oldest = this.#mails.keys().next().value;
    if (this.#mails.size > this.#max && oldest !== undefined) this.#mails.delete(oldest);
    return stored;
  }

  /** Every mail, oldest first, received at `sinceMillis` or later. */
  all(sinceMillis = 0): Mail[] {
    return [...this.#mails.values()].filter((mail) => mail.posixMillis >= sinceMillis);
  }

  get(id: string): Mail | undefined {
    return this.#mails.get(id);
  }

  /** The mails of one mailbox (the part of the address before the @, letter case ignored), oldest first. */
  mailbox(name: string): Mail[] {
    const wanted = mailboxName(name);
    return this.all().filter((mail) => mail.to.some((address) => mailboxName(address) === wanted));
  }

  /** A mail that is in this mailbox; marks it as seen. */
  open(name: string, id: string): Mail | undefined {
    const mail = this.mailbox(name).find((candidate) => candidate.id === id);
    if (mail !== undefined) mail.seen = true;
    return mail;
  }

  remove(name: string, id?: string): number {
    const doomed = this.mailbox(name).filter((mail) => id === undefined || mail.id === id);
    for (const mail of doomed) this.#mails.delete(mail.id);
    return doomed.length;
  }

  /** Mails whose subject, sender, recipients or text hold the words, newest first. */
  search(words: string, limit: number): Mail[] {
    const wanted = words.toLowerCase();
    const matches = this.all().filter((mail) =>
      [mail.subject, mail.from, ...mail.to, mail.text].some((field) => field.toLowerCase().includes(wanted)),
    );
    return matches.reverse().slice(0, limit);
  }
}

/** `Ada@example.com` and `ada` name the same mailbox. */
export function mailboxName(addressOrName: string): string {
  return addressOrName.replace(/@[^@]*$/, '').toLowerCase();
}
