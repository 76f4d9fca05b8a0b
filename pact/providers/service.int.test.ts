import { listen } from '@atlas/kit/http';
import { postgresUrl } from '@atlas/kit/testing';
import express from 'express';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startKeyOwner } from './key-owner.ts';
import { startService } from './service.ts';
import { verifyProvider } from './verify-provider.ts';

const publicUrl = 'http://localhost:8102';
let keyOwner: Awaited<ReturnType<typeof startKeyOwner>>;
let service: Awaited<ReturnType<typeof startService>>;

beforeAll(async () => {
  keyOwner = await startKeyOwner(publicUrl);
  service = await startService({ adminDatabaseUrl: postgresUrl(), keyOwnerUrl: keyOwner.url, serviceToken: 'token', publicUrl });
});
afterAll(async () => {
  await service.close();
  await keyOwner.close();
});

test('the service keeps the contract of every published SDK version', async () => {
  const result = await verifyProvider({ provider: 'extracted', url: service.url, signUp: keyOwner.signUp });
  expect(result.contracts.map(({ consumer, error }) => ({ consumer, error }))).toEqual([
    { consumer: 'stack-js-2.8.102', error: '' },
    { consumer: 'stack-js-2.8.108', error: '' },
  ]);
  expect(result.verdict).toBe('pass');
});

test('a provider that answers differently turns the verification red', async () => {
  const changed = await listen(await beforeService(service.url), { port: 0 });
  const result = await verifyProvider({ provider: 'changed', url: changed.url, signUp: keyOwner.signUp });
  await changed.close();
  expect(result.verdict).toBe('fail');
  expect(result.contracts.map(({ verdict }) => verdict)).toEqual(['fail', 'fail']);
});

/** The service behind something that renames one field of its answers. */
async function beforeService(url: string): Promise<express.Express> {
  const app = express();
  app.use(express.text({ type: '*/*' }), async (req, res) => {
    const headers = Object.entries(req.headers).filter(([name]) => name.startsWith('x-stack-') || name === 'content-type') as [
      string,
      string,
    ][];
    const body = ['GET', 'HEAD'].includes(req.method) ? {} : { body: String(req.body) };
    const answer = await fetch(`${url}${req.originalUrl}`, { method: req.method, headers, ...body });
    const text = (await answer.text()).replaceAll('"can_disable"', '"can_be_disabled"');
    for (const name of ['content-type', 'x-stack-actual-status', 'x-stack-known-error']) {
      const value = answer.headers.get(name);
      if (value !== null) res.setHeader(name, value);
    }
    res.status(answer.status).send(text);
  });
  return app;
}
