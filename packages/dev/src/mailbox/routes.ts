import express from 'express';
import type { Faults } from './faults.ts';
import { type Mail, type MailStore, mailboxName } from './mail-store.ts';
import { listPage, mailPage } from './pages.ts';

const pageMailsMax = 200;

/** The mailbox over HTTP: Inbucket's v1 REST, a list of everything for audits, fault knobs, and the pages for people. */
export function createMailboxApp(deps: { store: MailStore; faults: Faults }): express.Express {
  const { store, faults } = deps;
  const app = express().disable('x-powered-by');

  app.get(['/livez', '/readyz'], (_req, res) => void res.json({ ready: true }));

  app.get(
    '/api/v1/mailbox/:name',
    (req, res) => void res.json(store.mailbox(req.params.name).map((mail) => summary(req.params.name, mail))),
  );
  app.get('/api/v1/mailbox/:name/:id', (req, res) => {
    const mail = store.open(req.params.name, req.params.id);
    if (mail === undefined) return void res.status(404).json({ error: 'there is no such mail in this mailbox' });
    const { header, text, html, attachments } = mail;
    res.json({ ...summary(req.params.name, mail), header, body: { text, html }, attachments });
  });
  app.delete('/api/v1/mailbox/:name', (req, res) => {
    store.remove(req.params.name);
    res.json('OK');
  });
  app.delete('/api/v1/mailbox/:name/:id', (req, res) => {
    const removed = store.remove(req.params.name, req.params.id);
    if (removed === 0) return void res.status(404).json({ error: 'there is no such mail in this mailbox' });
    res.json('OK');
  });

  app.get('/api/v1/all', (req, res) => {
    const since = Number(req.query['since'] ?? 0);
    if (!Number.isFinite(since)) return void res.status(400).json({ error: 'since must be milliseconds since 1970' });
    res.json(
      store.all(since).map(({ id, messageId, to, subject, posixMillis }) => ({ id, messageId, to, subject, 'posix-millis': posixMillis })),
    );
  });

  app.get('/faults', (_req, res) => void res.json(faults.current));
  app.post('/faults', express.json({ limit: '4kb' }), (req, res) => {
    const mistake = faults.set(req.body);
    if (mistake !== undefined) return void res.status(400).json({ error: mistake });
    res.json(faults.current);
  });

  app.get('/', (req, res) => {
    const words = typeof req.query['q'] === 'string' ? req.query['q'] : '';
    sendPage(res, listPage({ mails: store.search(words, pageMailsMax), total: store.all().length, words }));
  });
  app.get('/mail/:id', (req, res) => {
    const mail = store.get(req.params.id);
    if (mail === undefined) return void res.status(404).type('text').send('There is no such mail.');
    mail.seen = true;
    sendPage(res, mailPage(mail));
  });
  app.get('/mail/:id/html', (req, res) => {
    const mail = store.get(req.params.id);
    if (mail === undefined) return void res.status(404).type('text').send('There is no such mail.');
    // A mail is a stranger's page: no scripts, nothing fetched from outside, no access to the mailbox around it.
    res.set('content-security-policy', "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    res.type('html').send(mail.html);
  });
  return app;
}

function summary(name: string, mail: Mail) {
  return {
    id: mail.id,
    mailbox: mailboxName(name),
    from: mail.from,
    to: mail.to.map((address) => `<${address}>`),
    subject: mail.subject,
    date: mail.date,
    'posix-millis': mail.posixMillis,
    size: mail.size,
    seen: mail.seen,
  };
}

function sendPage(res: express.Response, html: string): void {
  res.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'");
  res.type('html').send(html);
}
