import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ErrorCode } from '@atlas/contracts/errors';
import type { Response } from 'express';
import { AppError } from './errors.ts';

/** A server that listens; `close` lets requests under way finish, then ends idle connections. */
export type Listening = { server: Server; url: string; port: number; close(): Promise<void> };

const keepAliveTimeoutMs = 75_000;
const closeGraceMs = 5_000;
const responseBytesMax = 16 * 1024 * 1024;

/** Listens on one port of loopback (or `host`). Throws PORT_BUSY with the port when it is taken. */
export async function listen(app: RequestListener, options: { port: number; host?: string }): Promise<Listening> {
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, app);
  const host = options.host ?? '127.0.0.1';
  const port = await listenOn(server, { port: options.port, host });
  return { server, port, url: `http://${host}:${port}`, close: () => closeServer(server) };
}

/** Makes a server of one's own listen, and answers the port (0 asks for a free one). Throws PORT_BUSY with the port when it is taken. */
export async function listenOn(server: Server, { port, host }: { port: number; host: string }): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new AppError('PORT_BUSY', { port, host }, error) : error);
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** RFC 9457 answer of our own APIs: `{ type, title, status, code, detail }`. */
export function problem(res: Response, status: number, code: ErrorCode, detail: string): void {
  res
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: code, status, code, detail }));
}

/** A JSON answer; `body` is undefined when the answer had none. */
export type JsonAnswer = { status: number; body: unknown; headers: Headers };

/** One bounded request to a JSON API. Throws UNAVAILABLE when there was no answer in time; any status is an answer. */
export async function requestJson(
  url: string,
  options: { method?: string; body?: unknown; headers?: Record<string, string>; timeoutMs: number; signal?: AbortSignal },
): Promise<JsonAnswer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await fetch(url, {
      method: options.method ?? 'GET',
      headers: { ...(options.body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
      redirect: 'manual',
    });
    const text = await response.text();
    if (text.length > responseBytesMax) throw new AppError('TOO_LARGE', { url, bytes: text.length });
    return { status: response.status, headers: response.headers, body: parseBody(text) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('UNAVAILABLE', { message: `no answer from ${options.method ?? 'GET'} ${url}` }, error);
  }
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearTimeout(timer);
}
