import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIntrospection, introspectionLimits } from './introspection.ts';

let owner: { server: Server; url: string; questions: unknown[]; tokens: (string | undefined)[]; isKeyValid: boolean; status: number };
let nowMs = 0;

beforeEach(async () => {
  nowMs = 1_000_000;
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    owner.questions.push(JSON.parse(Buffer.concat(chunks).toString()));
    owner.tokens.push(req.headers.authorization);
    res.writeHead(owner.status, { 'content-type': 'application/json' });
    res.end(
      JSON.stringify({
        project: { id: 'p', display_name: 'P', require_publishable_client_key: false },
        branch_exists: true,
        tenancy_id: 't',
        publishable_client_key_valid: null,
        secret_server_key_valid: owner.isKeyValid,
        super_secret_admin_key_valid: null,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  owner = { server, url, questions: [], tokens: [], isKeyValid: true, status: 200 };
});

afterEach(async () => {
  owner.server.closeAllConnections();
  await new Promise((resolve) => owner.server.close(resolve));
});

const question = { project_id: 'p', branch_id: 'main', secret_server_key: 'ssk_1' };
const create = () => createIntrospection({ keyOwnerUrl: owner.url, serviceToken: 'secret', now: () => nowMs });

test('a good key is asked about once in 10 s, whoever asks, with the service’s token', async () => {
  const introspect = create();
  const answers = await Promise.all(Array.from({ length: 10 }, () => introspect(question)));
  expect(answers[9]).toMatchObject({ secret_server_key_valid: true, admin_user_is_owner: null });
  nowMs += introspectionLimits.positiveMs - 1;
  await introspect(question);
  expect(owner.questions).toEqual([question]);
  expect(owner.tokens).toEqual(['Bearer secret']);
  nowMs += 1;
  await introspect(question);
  expect(owner.questions).toHaveLength(2);
});

test('a revoked key is refused after 10 s at the latest', async () => {
  const introspect = create();
  await introspect(question);
  owner.isKeyValid = false;
  nowMs += introspectionLimits.positiveMs;
  expect(await introspect(question)).toMatchObject({ secret_server_key_valid: false });
});

test('a refusal is remembered for 2 s only', async () => {
  owner.isKeyValid = false;
  const introspect = create();
  await introspect(question);
  owner.isKeyValid = true;
  expect(await introspect(question)).toMatchObject({ secret_server_key_valid: false });
  nowMs += introspectionLimits.negativeMs;
  expect(await introspect(question)).toMatchObject({ secret_server_key_valid: true });
});

test('with the owner down, what was valid is believed for a minute, and nothing else is', async () => {
  const introspect = create();
  await introspect(question);
  owner.status = 500;
  nowMs += introspectionLimits.staleMsMax - 1;
  expect(await introspect(question)).toMatchObject({ secret_server_key_valid: true });
  await expect(introspect({ ...question, secret_server_key: 'ssk_2' })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  nowMs += 1;
  await expect(introspect(question)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a refusal is never believed past its time', async () => {
  owner.isKeyValid = false;
  const introspect = create();
  await introspect(question);
  owner.status = 500;
  nowMs += introspectionLimits.negativeMs;
  await expect(introspect(question)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
