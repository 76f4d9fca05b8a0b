import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryLedger } from './support/memory-ledger.ts';
import { notificationsPlan } from './support/plan.ts';
import { type RunningGateway, rawRequest, runningGateway } from './support/running-gateway.ts';

let gateway: RunningGateway;
let handshakes: Record<string, unknown>[];

beforeEach(async () => {
  gateway = await runningGateway(memoryLedger(notificationsPlan()));
  handshakes = [];
  gateway.legacy.server.on('upgrade', (req, socket) => {
    handshakes.push({ url: req.url, ...req.headers });
    const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-gw-secret: 1\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    );
    socket.pipe(socket);
    socket.on('error', () => socket.destroy());
  });
});
afterEach(() => gateway.close());

const handshake = (path: string, ...headers: string[]) =>
  `${[`GET ${path} HTTP/1.1`, 'host: a', 'connection: Upgrade', 'upgrade: websocket', 'sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==', ...headers].join('\r\n')}\r\n\r\n`;

test('a websocket passes through, both ways, as the first request of a gateway too', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(handshake('/api/v1/live', 'x-forwarded-for: 6.6.6.6', 'x-gw-epoch: notifications=9'));
  const head = await nextChunk(socket);
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toMatch(/upgrade: websocket/i);
  expect(head).not.toMatch(/x-gw-/i);
  socket.write('frame');
  expect(await nextChunk(socket)).toBe('frame');
  expect(handshakes).toMatchObject([{ url: '/api/v1/live', 'x-forwarded-for': '127.0.0.1' }]);
  expect(handshakes[0]?.['x-gw-epoch']).toBeUndefined();
  socket.destroy();
});

test.each([
  ['a path outside the API', handshake('/service/live'), '404'],
  ['a dot segment', handshake('/api/v1/../live'), '400'],
  ['a route of a slice', handshake('/api/v1/emails/outbox'), '404'],
  ['two hosts', handshake('/api/v1/live', 'host: b'), '400'],
])('a handshake with %s is refused', async (_label, bytes, status) => {
  expect(await rawRequest(gateway.port, bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(handshakes).toEqual([]);
});

test('a client that resets in the middle of a handshake does the gateway no harm', async () => {
  for (let index = 0; index < 20; index += 1) {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(handshake('/api/v1/live'));
    socket.resetAndDestroy();
  }
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
});

test('open websockets do not keep a gateway from leaving', async () => {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.write(handshake('/api/v1/live'));
  await nextChunk(socket);
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
  socket.on('error', () => {});
  await gateway.stopGateway();
  expect(await closed).toBe('closed');
});

function nextChunk(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.once('error', reject);
  });
}
