import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError } from '@atlas/kit/errors';
import { createProxyMiddleware, type Plugin, type RequestHandler } from 'http-proxy-middleware';
import { scrubResponseHeaders } from '../admit/header-scrub.ts';
import { breakOffWhenStalled } from './stall.ts';
import { isReset } from './upstream-error.ts';
import type { Upstream } from './upstreams.ts';

/** How long this server keeps a client's idle connection. */
export const keepAliveSeconds = 75;

/** What one streamed request needs to know and tells. */
export type StreamJob = {
  req: IncomingMessage;
  res: ServerResponse;
  /** The whole body when it was read before; otherwise it streams. */
  body: Buffer | undefined;
  /** May be sent a second time if a kept-alive socket broke before the answer began. */
  isRetryable: boolean;
  /** Headers for authorised testers. */
  debug: Record<string, string>;
  onRetry(): void;
  /** The response's headers are here. */
  onResponse(response: IncomingMessage): void;
  /** No answer, or one that broke off. The response to the client is the callee's to make. */
  onFailure(error: unknown): void;
  /** Something to wait for before the response's headers may go to the client. */
  holdResponse?: (response: IncomingMessage) => Promise<void>;
  /** Gives an answer to the client when the response was held. */
  release?: (response: IncomingMessage) => void;
};

/** Until the headers of a response are here, and between two pieces of its body. */
export type StreamLimits = { deadlineMs: number; stallMs: number };
type Running = StreamJob & {
  outgoing: ClientRequest | undefined;
  timer: NodeJS.Timeout | undefined;
  isRetried: boolean;
  isAnswered: boolean;
};

/**
 * The streaming transport of one upstream: two http-proxy-middleware instances, one that pipes responses straight through and one that lets us
 * hold a response back until the position of a write is noted. Own errors, own deadline, no library plugin (they echo hosts and paths).
 */
export class StreamProxy {
  #jobs = new WeakMap<IncomingMessage, Running>();
  #limits: StreamLimits;
  #piped: RequestHandler;
  #held: RequestHandler;

  constructor(upstream: Upstream, limits: StreamLimits) {
    this.#limits = limits;
    this.#piped = this.#middleware(upstream, false);
    this.#held = this.#middleware(upstream, true);
  }

  /** Sends one request and streams its answer. */
  send(job: StreamJob): void {
    this.#start({ ...job, outgoing: undefined, timer: undefined, isRetried: false, isAnswered: false });
  }

  /** Passes a WebSocket handshake through. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#piped.upgrade(req, socket, head);
  }

  #start(job: Running): void {
    this.#jobs.set(job.req, job);
    job.timer = setTimeout(() => this.#timeOut(job), this.#limits.deadlineMs);
    const middleware = job.holdResponse === undefined ? this.#piped : this.#held;
    // The middleware's promise ends with the client's response; failures arrive through the error plugin.
    void middleware(job.req, job.res);
  }

  #middleware(upstream: Upstream, selfHandleResponse: boolean): RequestHandler {
    return createProxyMiddleware({
      target: upstream.url,
      agent: upstream.agent,
      ejectPlugins: true,
      selfHandleResponse,
      plugins: [this.#plugin],
    });
  }

  #plugin: Plugin = (proxy) => {
    proxy.on('proxyReq', (outgoing, req) => this.#onRequest(outgoing, req));
    proxy.on('proxyRes', (response, req, res) => this.#onResponse(response, req, res));
    proxy.on('error', (error, req) => this.#onError(error, req));
    proxy.on('econnreset', (error, req) => this.#onError(error, req));
    proxy.on('proxyReqWs', (outgoing) => {
      outgoing.prependListener('upgrade', (response: IncomingMessage) => scrubUpgrade(response));
      outgoing.prependListener('response', (response: IncomingMessage) => scrubUpgrade(response));
    });
  };

  #onRequest(outgoing: ClientRequest, req: IncomingMessage): void {
    const job = this.#jobs.get(req);
    if (job === undefined) return;
    job.outgoing = outgoing;
    if (job.body !== undefined) outgoing.end(job.body);
  }

  #onResponse(response: IncomingMessage, req: IncomingMessage, res: ServerResponse): void {
    const job = this.#jobs.get(req);
    if (job === undefined) return;
    job.isAnswered = true;
    clearTimeout(job.timer);
    breakOffWhenStalled(response, this.#limits.stallMs);
    job.onResponse(response);
    if (job.holdResponse !== undefined) {
      job
        .holdResponse(response)
        .then(() => job.release?.(response))
        .catch((error) => job.onFailure(error));
      return;
    }
    scrubResponseHeaders(response.headers);
    Object.assign(response.headers, job.debug);
    // The library would answer keep-alive to a client that asked to close.
    response.headers.connection = res.shouldKeepAlive ? 'keep-alive' : 'close';
    if (res.shouldKeepAlive) response.headers['keep-alive'] = `timeout=${keepAliveSeconds}`;
  }

  #onError(error: unknown, req: IncomingMessage | undefined): void {
    const job = req === undefined ? undefined : this.#jobs.get(req);
    if (job === undefined) return;
    clearTimeout(job.timer);
    const isStaleSocket = isReset(error) && job.outgoing?.reusedSocket === true && !job.isAnswered;
    if (isStaleSocket && job.isRetryable && !job.isRetried && !job.res.destroyed) {
      job.onRetry();
      this.#start({ ...job, outgoing: undefined, isRetried: true });
      return;
    }
    this.#jobs.delete(job.req);
    job.onFailure(error);
  }

  #timeOut(job: Running): void {
    const error = new AppError('UPSTREAM_TIMEOUT', { deadlineMs: this.#limits.deadlineMs });
    if (job.outgoing === undefined) this.#onError(error, job.req);
    else job.outgoing.destroy(error);
  }
}

function scrubUpgrade(response: IncomingMessage): void {
  const { connection, upgrade } = response.headers;
  scrubResponseHeaders(response.headers);
  if (connection !== undefined) response.headers.connection = connection;
  if (upgrade !== undefined) response.headers.upgrade = upgrade;
}
