import { createServer } from 'node:http';
import { createPool } from './database.ts';
import { consumeInbox, createInbox } from './inbox.ts';
import { repeat } from './repeat.ts';
import { createSender, mailsAtOnceMax, sendDueMails } from './send-mails.ts';
import type { Settings } from './settings.ts';

/** The mail worker: two loops and a health port. `stop` lets the mails in hand finish. */
export function createWorker(settings: Settings) {
  const pool = createPool(settings.databaseUrl, mailsAtOnceMax + 2);
  let isStopping = false;
  const inbox = createInbox(pool);
  const sender = createSender(pool, settings, () => isStopping);
  let loops: Promise<unknown> = Promise.resolve();
  const health = createServer((request, response) => {
    const isReady = !isStopping;
    const status = request.url === '/livez' ? 200 : request.url !== '/readyz' ? 404 : isReady ? 200 : 503;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ready: isReady, content: settings.contentHash }));
  });
  return {
    start: async () => {
      await pool.query('select 1');
      await new Promise<void>((resolve, reject) => health.once('error', reject).listen(settings.port, '127.0.0.1', resolve));
      loops = Promise.all([
        repeat(
          'inbox',
          () => consumeInbox(inbox),
          () => isStopping,
        ),
        repeat(
          'mails',
          () => sendDueMails(sender),
          () => isStopping,
        ),
      ]);
    },
    stop: async () => {
      isStopping = true;
      await loops;
      await new Promise((resolve) => health.close(resolve));
      await pool.end();
    },
    port: () => {
      const address = health.address();
      return address !== null && typeof address === 'object' ? address.port : settings.port;
    },
  };
}
