import { expect, test } from 'vitest';
import { portsOf } from './ports.ts';
import { startInOrder, startOrder } from './start-order.ts';
import { type Part, topology } from './topology.ts';

const parts = topology({ prefix: 91, stateDir: '/state' });
const part = (name: string, needs: string[] = []): Part => ({ ...(parts[0] as Part), name, needs });

test('every part stands after all it needs', () => {
  const names = startOrder(parts).map(({ name }) => name);
  expect(new Set(names).size).toBe(parts.length);
  for (const { name, needs } of parts) for (const need of needs) expect(names.indexOf(need)).toBeLessThan(names.indexOf(name));
});

test('nothing writes to a slice before its guard is there, and the gateway comes last', () => {
  const before = (name: string) => startOrder(parts, [name]).map((needed) => needed.name);
  expect(before('migrate')).toContain('cdc-migrate');
  expect(before('notifications')).toContain('cdc-migrate');
  expect(before('cdc-migrate')).toEqual(expect.arrayContaining(['legacy-migrations', 'notifications-migrations']));
  expect(before('gateway')).toEqual(expect.arrayContaining(['migrate', 'legacy', 'notifications']));
});

test('a cycle is refused, and so is a need that does not exist', () => {
  expect(() => startOrder([part('a', ['b']), part('b', ['c']), part('c', ['a'])])).toThrow('a → b → c → a');
  expect(() => startOrder([part('a', ['nobody'])])).toThrow('there is no part "nobody"');
});

test('only the named parts and what they need are started', () => {
  expect(startOrder(parts, ['connect']).map(({ name }) => name)).toEqual(['kafka', 'connect']);
});

test('the first failure keeps what needs it from starting and is what the caller sees', async () => {
  const started: string[] = [];
  const start = async ({ name }: Part) => {
    started.push(name);
    if (name === 'a') throw new Error('a broke');
  };
  await expect(startInOrder([part('a'), part('b', ['a']), part('c', ['b'])], start)).rejects.toThrow('a broke');
  expect(started).toEqual(['a']);
});

test('parts that do not need each other start together', async () => {
  const both = Promise.withResolvers<void>();
  let waiting = 0;
  await startInOrder([part('a'), part('b')], () => {
    waiting += 1;
    if (waiting === 2) both.resolve();
    return both.promise;
  });
  expect(waiting).toBe(2);
});

test('each port is <prefix><nn>, on loopback, and belongs to one part', () => {
  const ports = parts.flatMap((each) => each.ports);
  expect(new Set(ports).size).toBe(ports.length);
  expect([...ports].sort()).toEqual(Object.values(portsOf(91)).sort());
  for (const port of ports) expect(String(port)).toMatch(/^91\d\d$/);
  for (const address of JSON.stringify(parts).matchAll(/(?:https?|postgres|smtp):\/\/(?:[^@/"]*@)?([^:/"]+)/g))
    expect(['127.0.0.1', 'localhost']).toContain(address[1]);
});

test('a prefix whose ports do not exist or need privileges is refused', () => {
  for (const prefix of [9, 655, 81.5]) expect(() => portsOf(prefix)).toThrow('NEXT_PUBLIC_STACK_PORT_PREFIX');
});

test('two stacks of different prefixes share no port and no file', () => {
  const other = topology({ prefix: 92, stateDir: '/state' });
  const own = JSON.stringify(other).match(/91\d\d|\/state\/91/g);
  expect(own).toBeNull();
});

test('every service gets the settings it reads', () => {
  for (const [name, settings] of Object.entries(requiredSettings)) {
    const env = parts.find((each) => each.name === name)?.env ?? {};
    expect([name, settings.filter((setting) => !env[setting])]).toEqual([name, []]);
  }
});

const common = ['ATLAS_ENVIRONMENT', 'ATLAS_PUBLIC_URL'];
const legacy = [
  'LEGACY_DATABASE_URL',
  'LEGACY_SERVICE_TOKEN',
  'LEGACY_ENVIRONMENT',
  'STACK_PUBLIC_API_URL',
  'STACK_SERVER_SECRET',
  'SMTP_URL',
  'STACK_OAUTH_MOCK_URL',
  'STACK_GITHUB_CLIENT_ID',
];
const cdc = ['CDC_LEGACY_DATABASE_URL', 'CDC_NOTIFICATIONS_DATABASE_URL', 'CDC_SOURCE_PASSWORD', 'KAFKA_BROKERS', 'CONNECT_URL'];
const requiredSettings: Record<string, string[]> = {
  legacy: [...common, ...legacy, 'PORT'],
  'legacy-worker': [...common, ...legacy, 'LEGACY_WORKER_PORT'],
  'legacy-webhooks': [...common, ...legacy, 'LEGACY_WEBHOOKS_PORT'],
  'oauth-provider': [...common, 'OAUTH_PROVIDER_PORT'],
  'legacy-migrations': ['LEGACY_ADMIN_DATABASE_URL'],
  notifications: [
    ...common,
    'NOTIFICATIONS_PORT',
    'NOTIFICATIONS_DATABASE_URL',
    'NOTIFICATIONS_KEY_OWNER_URL',
    'NOTIFICATIONS_SERVICE_TOKEN',
    'SMTP_URL',
  ],
  'notifications-migrations': ['NOTIFICATIONS_ADMIN_DATABASE_URL'],
  cdc: [...common, ...cdc, 'CDC_PORT'],
  'cdc-migrate': [...cdc, 'CDC_LEGACY_ADMIN_DATABASE_URL', 'CDC_NOTIFICATIONS_ADMIN_DATABASE_URL'],
  migrate: [
    ...common,
    'MIGRATE_PORT',
    'MIGRATE_DATABASE_URL',
    'MIGRATE_LEGACY_DATABASE_URL',
    'MIGRATE_NOTIFICATIONS_DATABASE_URL',
    'MIGRATE_CDC_URL',
    'CONNECT_URL',
    'UNLEASH_URL',
    'UNLEASH_TOKEN',
    'UNLEASH_ADMIN_TOKEN',
    'MIGRATE_PLAN',
    'MIGRATE_LEGACY_URL',
    'MIGRATE_NOTIFICATIONS_URL',
  ],
  gateway: [
    ...common,
    'GATEWAY_PORT',
    'GATEWAY_ADMIN_PORT',
    'GATEWAY_ID',
    'GATEWAY_CONTROL_DATABASE_URL',
    'GATEWAY_LEGACY_URL',
    'GATEWAY_NOTIFICATIONS_URL',
    'GATEWAY_LEGACY_DATABASE_URL',
    'GATEWAY_NOTIFICATIONS_DATABASE_URL',
    'GATEWAY_SNAPSHOT_FILE',
    'UNLEASH_URL',
    'UNLEASH_TOKEN',
    'GATEWAY_TESTER_SECRET',
  ],
};
