import { connect } from 'node:net';
import { requestJson } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { waitFor } from '@atlas/kit/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createMailbox } from './mailbox.ts';

const mailbox = createMailbox({ httpPort: 0, smtpPort: 0, log: createLogger('mailbox', 'silent') });
let at: { url: string; smtpPort: number };

beforeAll(async () => {
  at = await mailbox.start();
});
afterAll(() => mailbox.stop());
beforeEach(async () => {
  await requestJson(`${at.url}/faults`, { method: 'POST', body: {}, timeoutMs: 2_000 });
  for (const name of ['ada', 'bob']) await requestJson(`${at.url}/api/v1/mailbox/${name}`, { method: 'DELETE', timeoutMs: 2_000 });
});

test('a mail is listed in each recipient’s mailbox and opened with its text, html and headers', async () => {
  const replies = await send({ to: ['Ada@example.com', 'bob@example.com'], subject: 'Hello', messageId: '<1@notifications>' });
  expect(replies.at(-2)).toMatch(/^250 .*queued/);

  const [listed] = (await get('/api/v1/mailbox/ada')) as { id: string; seen: boolean }[];
  expect(listed).toEqual({
    id: expect.any(String),
    mailbox: 'ada',
    from: '"Demo" <noreply@example.com>',
    to: ['<Ada@example.com>', '<bob@example.com>'],
    subject: 'Hello',
    date: expect.stringMatching(/^\d{4}-/),
    'posix-millis': expect.any(Number),
    size: expect.any(Number),
    seen: false,
  });
  const opened = await get(`/api/v1/mailbox/bob/${listed?.id}`);
  expect(opened).toMatchObject({
    mailbox: 'bob',
    header: { 'X-Stack-Tenancy': ['t1'] },
    body: { text: expect.stringContaining('plain'), html: expect.stringContaining('<b>') },
    attachments: [],
  });
  expect(await get('/api/v1/mailbox/ada')).toMatchObject([{ seen: true }]);
});

test('mails are deleted one at a time or by mailbox, and an unknown one is 404', async () => {
  await send({ to: ['ada@example.com'], subject: 'one' });
  await send({ to: ['ada@example.com'], subject: 'two' });
  const [first] = (await get('/api/v1/mailbox/ada')) as { id: string }[];
  const removed = await requestJson(`${at.url}/api/v1/mailbox/ada/${first?.id}`, { method: 'DELETE', timeoutMs: 2_000 });
  expect(removed.status).toBe(200);
  expect(await get('/api/v1/mailbox/ada')).toMatchObject([{ subject: 'two' }]);
  const again = await requestJson(`${at.url}/api/v1/mailbox/ada/${first?.id}`, { method: 'DELETE', timeoutMs: 2_000 });
  expect(again.status).toBe(404);
});

test('audits get every mail with its Message-ID, from a moment on', async () => {
  await send({ to: ['ada@example.com'], subject: 'audit', messageId: '<a1@notifications>' });
  const all = (await get('/api/v1/all')) as { 'posix-millis': number; subject: string }[];
  expect(all).toContainEqual({
    id: expect.any(String),
    messageId: '<a1@notifications>',
    to: ['ada@example.com'],
    subject: 'audit',
    'posix-millis': expect.any(Number),
  });
  const last = Math.max(...all.map((mail) => mail['posix-millis']));
  expect(await get(`/api/v1/all?since=${last + 1}`)).toEqual([]);
  expect((await requestJson(`${at.url}/api/v1/all?since=x`, { timeoutMs: 2_000 })).status).toBe(400);
});

test('a rejected mail is answered 451 and is nowhere; a delayed one is accepted late', async () => {
  await requestJson(`${at.url}/faults`, { method: 'POST', body: { rejectPercent: 100 }, timeoutMs: 2_000 });
  expect((await send({ to: ['ada@example.com'], subject: 'no' })).at(-2)).toMatch(/^451/);
  expect(await get('/api/v1/mailbox/ada')).toEqual([]);

  await requestJson(`${at.url}/faults`, { method: 'POST', body: { delayMs: 120 }, timeoutMs: 2_000 });
  const began = performance.now();
  await send({ to: ['ada@example.com'], subject: 'late' });
  expect(performance.now() - began).toBeGreaterThan(110);
  expect(await get('/api/v1/mailbox/ada')).toHaveLength(1);
});

test('a fault that makes no sense is refused and changes nothing', async () => {
  for (const body of [{ rejectPercent: 101 }, { delayMs: -1 }, { delay: 5 }]) {
    const answer = await requestJson(`${at.url}/faults`, { method: 'POST', body, timeoutMs: 2_000 });
    expect(answer.status).toBe(400);
  }
  expect(await get('/faults')).toEqual({ delayMs: 0, rejectPercent: 0 });
});

test('the page lists, finds and opens mails, and a mail’s own markup cannot act on it', async () => {
  await send({ to: ['ada@example.com'], subject: '<script>alert(1)</script>' });
  await send({ to: ['bob@example.com'], subject: 'Second' });
  const page = (await get('/')) as string;
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toContain('<script>');
  const found = (await get('/?q=second')) as string;
  expect(found).toContain('Second');
  expect(found).not.toContain('alert(1)');
  const id = page.match(/\/mail\/([0-9a-f-]{36})/)?.[1];
  expect(await get(`/mail/${id}`)).toContain('sandbox');
  const html = await requestJson(`${at.url}/mail/${id}/html`, { timeoutMs: 2_000 });
  expect(html.headers.get('content-security-policy')).toContain('sandbox');
  expect((await requestJson(`${at.url}/mail/nobody`, { timeoutMs: 2_000 })).status).toBe(404);
});

async function get(path: string): Promise<unknown> {
  return (await requestJson(`${at.url}${path}`, { timeoutMs: 2_000 })).body;
}

/** Speaks SMTP as a client does, and answers the server's replies. */
async function send(mail: { to: string[]; subject: string; messageId?: string }): Promise<string[]> {
  const body = [
    'From: Demo <noreply@example.com>',
    `Subject: ${mail.subject}`,
    ...(mail.messageId === undefined ? [] : [`Message-ID: ${mail.messageId}`]),
    'X-Stack-Tenancy: t1',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'plain words',
    '--b',
    'Content-Type: text/html',
    '',
    '<b>bold words</b>',
    '--b--',
  ].join('\r\n');
  const lines = [
    'EHLO client',
    'MAIL FROM:<noreply@example.com>',
    ...mail.to.map((to) => `RCPT TO:<${to}>`),
    'DATA',
    `${body}\r\n.`,
    'QUIT',
  ];
  const replies: string[] = [];
  const socket = connect(at.smtpPort, '127.0.0.1');
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('close', () => {
    isClosed = true;
  });
  for (const line of [undefined, ...lines]) {
    if (line !== undefined) socket.write(`${line}\r\n`);
    const reply = await waitFor('a reply', () => text.match(/^(?:\d{3}-.*\r\n)*(\d{3} .*)\r\n/)?.[1], { timeoutMs: 5_000 });
    replies.push(reply);
    text = '';
  }
  await waitFor('the end', () => isClosed);
  return replies;
}
