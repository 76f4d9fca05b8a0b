const pollMs = 60;
const secondsMax = 15;
const timeoutMs = 5_000;

type Listed = { id: string; subject: string };

/** Reads the mails that the stack sent, by the mailbox's API. */
export class MailReader {
  readonly #url: string;

  constructor(mailboxUrl: string) {
    this.#url = mailboxUrl;
  }

  /** The code in the newest mail to an address whose subject holds these words. Waits up to 15 s for it. */
  async code(email: string, subject: string): Promise<string> {
    const { text } = await this.wait(email, subject);
    const code = /[?&]code=([0-9a-z]{45})\b/i.exec(text)?.[1];
    if (code === undefined) throw new Error(`no code in the mail "${subject}" to ${email}: ${text.slice(0, 300)}`);
    return code;
  }

  async wait(email: string, subject: string): Promise<{ subject: string; text: string; html: string }> {
    const name = encodeURIComponent(email.split('@')[0] ?? '');
    const deadline = performance.now() + secondsMax * 1000;
    while (performance.now() < deadline) {
      const mails = (await this.#get(`/api/v1/mailbox/${name}`)) as Listed[];
      const found = mails.findLast((mail) => mail.subject.includes(subject));
      if (found !== undefined) {
        const mail = (await this.#get(`/api/v1/mailbox/${name}/${found.id}`)) as { body: { text: string; html: string } };
        return { subject: found.subject, ...mail.body };
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`no mail "${subject}" came to ${email} within ${secondsMax} s`);
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new Error(`the mailbox answered ${response.status} to ${path}`);
    return response.json();
  }
}
