import { z } from 'zod';
import type { Facts } from './finding.ts';

const all = z.array(z.object({ messageId: z.string().nullable(), subject: z.string(), to: z.array(z.string()) }));
const timeoutMs = 15_000;

/** The mails of one run that the mailbox holds: subjects that begin with its name, and verification mails to its people. */
export async function readMails(mailboxUrl: string, run: string): Promise<Facts['mails']> {
  const response = await fetch(`${mailboxUrl}/api/v1/all`, { signal: AbortSignal.timeout(timeoutMs) });
  if (response.status !== 200) throw new Error(`the mailbox answered ${response.status}`);
  const mails = all.parse(await response.json()).map((mail) => ({ ...mail, to: mail.to.map(bare) }));
  return mails.filter((mail) => mail.subject.startsWith(`${run} `) || mail.to.some((address) => address.endsWith(`@${run}.example.com`)));
}

function bare(address: string): string {
  return address.replace(/^.*<|>.*$/g, '');
}
