import type { IncomingMessage } from 'node:http';
import { AppError } from '@atlas/kit/errors';
import { attempt, type SendableRequest } from '../forward/attempt.ts';
import type { Upstream } from '../forward/upstreams.ts';
import type { Observation } from './compare.ts';

/** Asks one side for a whole answer. Throws when it gives none in time, breaks off or says too much. */
export async function observe(
  upstream: Upstream,
  request: SendableRequest,
  limits: { deadlineMs: number; bytesMax: number },
): Promise<Observation> {
  const response = await attempt(upstream, request, limits.deadlineMs);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > limits.bytesMax) throw new AppError('TOO_LARGE', { bytes });
    chunks.push(chunk);
  }
  return observationOf(response, Buffer.concat(chunks));
}

/** What of a response is compared. */
export function observationOf(response: IncomingMessage, body: Buffer): Observation {
  const knownError = response.headers['x-stack-known-error'];
  const { 'content-encoding': encoding } = response.headers;
  return { status: response.statusCode ?? 0, knownError: typeof knownError === 'string' ? knownError : undefined, encoding, body };
}
