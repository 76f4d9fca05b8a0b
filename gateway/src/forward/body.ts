import type { IncomingMessage } from 'node:http';

/** What reading a body ahead gave: all of it, or `larger` (what was read is back in the stream), `aborted` when the client left. */
export type BodyRead = { kind: 'whole'; body: Buffer } | { kind: 'larger' } | { kind: 'aborted' };

/** Reads a body up to `bytesMax`. A longer one is left as a stream, with nothing lost. */
export function readBody(req: IncomingMessage, bytesMax: number): Promise<BodyRead> {
  if (req.readableEnded || hasNoBody(req)) return Promise.resolve({ kind: 'whole', body: Buffer.alloc(0) });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (read: BodyRead) => {
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      resolve(read);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes <= bytesMax) return;
      req.pause();
      req.unshift(Buffer.concat(chunks));
      finish({ kind: 'larger' });
    };
    const onEnd = () => finish({ kind: 'whole', body: Buffer.concat(chunks) });
    const onClose = () => finish({ kind: 'aborted' });
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** Frames the request by the length of a body that was read. */
export function frameByLength(req: IncomingMessage, body: Buffer): void {
  const isBodyless = body.length === 0 && req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined;
  delete req.headers['transfer-encoding'];
  if (!isBodyless) req.headers['content-length'] = String(body.length);
}

export function hasNoBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
}
