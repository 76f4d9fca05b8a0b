import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { errorFacts, log } from '../src/log.ts';
import { createPool } from '../worker/database.ts';
import { repeat } from '../worker/repeat.ts';
import { type ApiAnswer, answerApi } from './api.ts';
import { createDeliverer, deliverDue, fanOut, removeOld } from './deliver.ts';
import { metricsText } from './metrics.ts';
import type { Settings } from './settings.ts';

const bodyBytesMax = 65_536;
const connectionsMax = 10;
const removeEveryMs = 60_000;

/** The webhook process: tells endpoints what happened, and lets projects manage theirs. `stop` lets deliveries in hand finish. */
export function createWebhooks(settings: Settings) {
  const pool = createPool(settings.databaseUrl, connectionsMax);
  const deliverer = createDeliverer(pool, settings.isDevelopment);
  let isStopping = false;
  let loops: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const api = { pool, serverSecret: settings.serverSecret, isDevelopment: settings.isDevelopment, now: () => new Date() };
  const server = createServer((request, response) => {
    if (request.url === '/livez') return send(response, { status: 200, body: { ready: !isStopping } });
    if (request.url === '/readyz')
      return send(response, { status: isStopping ? 503 : 200, body: { ready: !isStopping, content: settings.contentHash } });
    if (request.url === '/metrics') return void sendMetrics(response);
    void answer(request).then((reply) => send(response, reply));
  });

  async function sendMetrics(response: ServerResponse): Promise<void> {
    try {
      const text = await metricsText(deliverer);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text);
    } catch (error) {
      log('warn', 'no metrics: the database does not answer', errorFacts(error));
      response.writeHead(503).end();
    }
  }

  async function remove(): Promise<void> {
    await removeOld(deliverer, () => isStopping).catch((error: unknown) =>
      log('warn', 'old webhook messages could not be removed', errorFacts(error)),
    );
  }

  async function answer(request: IncomingMessage): Promise<ApiAnswer> {
    const url = new URL(request.url ?? '/', 'http://webhooks.internal');
    try {
      const body = await readBody(request);
      if (body === null) return { status: 413, body: { code: 'too_large', detail: `at most ${bodyBytesMax} bytes` } };
      const { authorization } = request.headers;
      return await answerApi(api, { method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, authorization, body });
    } catch (error) {
      if (error instanceof URIError) return { status: 404, body: { code: 'not_found', detail: 'Not found' } };
      log('error', 'webhooks request failed', { path: url.pathname, ...errorFacts(error) });
      return { status: 500, body: { code: 'internal', detail: 'Something went wrong. Please try again later.' } };
    }
  }

  return {
    start: async () => {
      await pool.query('select 1');
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(settings.port, '127.0.0.1', resolve));
      const isDone = () => isStopping;
      loops = Promise.all([repeat('fan out', () => fanOut(deliverer), isDone), repeat('deliver', () => deliverDue(deliverer), isDone)]);
      timer = setInterval(() => void remove(), removeEveryMs);
    },
    stop: async () => {
      if (isStopping) return;
      isStopping = true;
      clearInterval(timer);
      await loops;
      await deliverer.lanes.idle();
      await new Promise((resolve) => server.close(resolve));
      await pool.end();
    },
    port: () => {
      const address = server.address();
      return address !== null && typeof address === 'object' ? address.port : settings.port;
    },
  };
}

function send(response: ServerResponse, { status, body }: ApiAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
