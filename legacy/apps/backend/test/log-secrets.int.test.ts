import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { endpoints } from '../src/routes.ts';
import type { Example } from './example.ts';
import { exampleOf, pathOf } from './examples.ts';
import { type Legacy, openLegacy } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

// Every route is asked while the database refuses every write: what is logged of the failures must not hold what must stay secret.

let legacy: Legacy;
let world: World;
const logged: string[] = [];
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  await refuseWritesWhenTold();
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    logged.push(String(chunk));
    return true;
  });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await legacy.close();
});

/** Each table gets a trigger that refuses, with the row in its words, as long as the switch is on. */
async function refuseWritesWhenTold(): Promise<void> {
  await legacy.admin.query(
    `create table refusal (is_on boolean not null); insert into refusal values (false); grant select on refusal to public`,
  );
  await legacy.admin.query(`create function refuse() returns trigger language plpgsql as $$
    begin
      if (select is_on from refusal) then raise exception 'refused' using detail = coalesce(new, old)::text; end if;
      return coalesce(new, old);
    end $$`);
  const { rows } = await legacy.admin.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'refusal'`,
  );
  for (const { name } of rows)
    await legacy.admin.query(`create trigger refuse before insert or update or delete on "${name}" for each row execute function refuse()`);
}
const switchTo = (isOn: boolean) => legacy.admin.query('update refusal set is_on = $1', [isOn]);

const routes = [...new Set(endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path}`))].filter(
  (route) => exampleOf(route) !== undefined,
);

test('what fails is logged without keys, tokens, codes or passwords', async () => {
  const secrets = new Set<string>(Object.values(world.project).slice(2));
  for (const route of routes) {
    const access = endpoints.find((endpoint) => `${endpoint.method} ${endpoint.path}` === route)?.access;
    const as = access === 'anyone' || access === undefined ? 'none' : (access.at(-1) ?? 'none');
    const example = await exampleOf(route)?.make(world, as, world);
    if (example === undefined) continue;
    for (const secret of secretsOf(example)) secrets.add(secret);
    await switchTo(true);
    const [method = '', path = ''] = route.split(' ');
    const { params: _params, query: _query, ...options } = example;
    await world.call(as, method, pathOf(path, example), options);
    await switchTo(false);
  }
  const entries = logged.filter((line) => line.includes('"request failed"'));
  expect(entries.length).toBeGreaterThan(10);
  expect([...secrets].filter((secret) => logged.some((line) => line.includes(secret)))).toEqual([]);
}, 60_000);

/** What of an example must not be seen: the caller's tokens, secret headers, and long words of the body and the query (codes, keys, tokens). */
function secretsOf(example: Example): string[] {
  const { user, headers } = example;
  const words = [JSON.stringify(example.body ?? {}), JSON.stringify(example.query ?? {})].join(' ').match(/[A-Za-z0-9_.-]{40,}/g) ?? [];
  return [...(user === undefined ? [] : [user.accessToken, user.refreshToken]), ...Object.values(headers ?? {}), ...words].filter(
    (word) => word.length >= 20,
  );
}
