import type { IncomingMessage } from 'node:http';
import { AppError } from '@atlas/kit/errors';

/**
 * Breaks off a response whose upstream sends nothing for `stallMs`. A stream of events may be silent, and a client that reads slowly is not
 * the upstream's fault (the response is paused then).
 */
export function breakOffWhenStalled(response: IncomingMessage, stallMs: number): void {
  if (response.headers['content-type']?.startsWith('text/event-stream') === true) return;
  let bytesBefore = -1;
  const timer = setInterval(() => {
    const bytes = response.socket?.bytesRead ?? 0;
    if (bytes === bytesBefore && !response.isPaused()) response.destroy(new AppError('UPSTREAM_TIMEOUT', { stallMs }));
    bytesBefore = bytes;
  }, stallMs);
  response.once('close', () => clearInterval(timer));
}
