import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = { method: string; url: string; headers: IncomingMessage['headers']; rawHeaders: string[]; body: string };
type Handler = (seen: Seen, res: ServerResponse, req: IncomingMessage) => void;

/** A side in process: records what reaches it and answers as the test says. */
export type FakeUpstream = {
  url: string;
  seen: Seen[];
  handle(handler: Handler): void;
  /** Sockets accepted so far. */
  connections(): number;
  server: ReturnType<typeof createServer>;
  close(): Promise<void>;
};

export async function fakeUpstream(name: string): Promise<FakeUpstream> {
  const seen: Seen[] = [];
  let connections = 0;
  let handler: Handler = (_seen, res) => {
    res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'x-stack-request-id': 'abcdefgh12345678' });
    res.end(JSON.stringify({ from: name }));
  };
  const server = createServer({ keepAliveTimeout: 75_000 }, async (req, res) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of req) chunks.push(chunk);
    } catch {
      // The sender broke off: the test looks at what it was answered, there is nothing to record here.
      return;
    }
    const one = {
      method: req.method ?? '',
      url: req.url ?? '',
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(one);
    handler(one, res, req);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    server,
    connections: () => connections,
    handle: (next) => {
      handler = next;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
