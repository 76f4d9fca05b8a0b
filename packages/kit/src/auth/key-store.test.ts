import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger } from '../logger.ts';
import { createKeyStore, keyStoreLimits } from './key-store.ts';

const log = createLogger('test', 'silent');
const jwk = { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }), alg: 'ES256' };

/** A key owner on loopback that counts and can fall silent. */
let owner: { server: Server; url: string; paths: string[]; kids: string[]; status: number };
let nowMs = 0;
const now = () => nowMs;

beforeEach(async () => {
  nowMs = 1_000_000;
  const server = createServer((req, res) => {
    owner.paths.push(req.url ?? '');
    res.writeHead(owner.status, { 'content-type': 'application/json' });
    res.end(JSON.stringify({ keys: owner.kids.map((kid) => ({ ...jwk, kid })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owner = { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths: [], kids: ['k1'], status: 200 };
});

afterEach(async () => {
  owner.server.closeAllConnections();
  await new Promise((resolve) => owner.server.close(resolve));
});

const of = (kid: string, audience = 'internal') => ({ projectId: 'internal', audience, kid });

test('many first requests of a project are one fetch, of all three audiences', async () => {
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  const found = await Promise.all(Array.from({ length: 20 }, () => keys.find(of('k1'))));
  expect(found.every((key) => key?.asymmetricKeyType === 'ec')).toBe(true);
  expect(owner.paths).toEqual(['/api/v1/projects/internal/.well-known/jwks.json?include_restricted=true&include_anonymous=true']);
});

test('an unknown kid is fetched for once per 30 s and audience; the first of an audience is free', async () => {
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  expect(await keys.find(of('k1'))).toBeDefined();
  expect(await keys.find(of('k2', 'internal:anon'))).toBeUndefined();
  expect(owner.paths).toHaveLength(2);
  for (let attempt = 0; attempt < 10; attempt += 1) expect(await keys.find(of('k2', 'internal:anon'))).toBeUndefined();
  expect(owner.paths).toHaveLength(2);
  owner.kids = ['k1', 'k2'];
  nowMs += keyStoreLimits.refetchMs;
  expect(await keys.find(of('k2', 'internal:anon'))).toBeDefined();
  expect(owner.paths).toHaveLength(3);
});

test('with the owner down, known keys serve for 24 h and not longer', async () => {
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  await keys.find(of('k1'));
  owner.status = 500;
  nowMs += keyStoreLimits.staleMsMax - 1;
  expect(await keys.find(of('k1'))).toBeDefined();
  nowMs += 2_000;
  await expect(keys.find(of('k1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('keys are refreshed in the background while the old ones serve', async () => {
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  await keys.find(of('k1'));
  owner.kids = ['k3'];
  nowMs += keyStoreLimits.refreshAfterMs + 1;
  expect(await keys.find(of('k1'))).toBeDefined();
  await expect.poll(() => owner.paths.length).toBe(2);
  await expect.poll(() => keys.ageMsMax()).toBe(0);
  expect(await keys.find(of('k1'))).toBeUndefined();
  expect(await keys.find(of('k3'))).toBeDefined();
});

test('a silent owner is asked again after a second, and unknown stays "unavailable", never "invalid"', async () => {
  owner.status = 503;
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  await expect(keys.find(of('k1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(keys.find(of('k1'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(owner.paths).toHaveLength(1);
  owner.status = 200;
  nowMs += keyStoreLimits.retryMs;
  expect(await keys.find(of('k1'))).toBeDefined();
});

test('an unknown project has no keys', async () => {
  owner.status = 404;
  const keys = createKeyStore({ keyOwnerUrl: owner.url, log, now });
  expect(await keys.find(of('k1'))).toBeUndefined();
});
