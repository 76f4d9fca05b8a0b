import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessTypes } from '../src/auth/check-order.ts';
import { endpoints } from '../src/routes.ts';
import type { Access, Endpoint } from '../src/wire/endpoint.ts';
import type { Example } from './example.ts';
import { exampleOf, pathOf } from './examples.ts';
import { type Answer, type Legacy, openLegacy } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

// What every route has in common, tried for every route: who may call, what is refused, and that no project reaches into another.

let legacy: Legacy;
let world: World;
let neighbour: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
  neighbour = await plantWorld(legacy);
  await watchWrites();
});
afterAll(() => legacy.close());

/** Routes with all their overloads. `internal` ones are for users of the project `internal` and have tests of their own. */
const routes = [...Map.groupBy(endpoints, (endpoint) => `${endpoint.method} ${endpoint.path}`)].map(([name, overloads]) => ({
  name,
  overloads,
}));
const isFor = (access: Access, type: string) => access === 'anyone' || access.some((allowed) => allowed === type);
const typesOf = (overloads: Endpoint[]) =>
  overloads.some((endpoint) => endpoint.access === 'anyone')
    ? (['none'] as const)
    : accessTypes.filter((type) => overloads.some((endpoint) => isFor(endpoint.access, type)));
const onlyForInternal = (name: string) => name.endsWith(' /internal/projects');

const send = (to: World, access: Parameters<World['call']>[0], route: { name: string }, example: Example): Promise<Answer> => {
  const [method = '', path = ''] = route.name.split(' ');
  const { params: _params, query: _query, ...options } = example;
  return to.call(access, method, pathOf(path, example), options);
};
const make = (route: { name: string }, inWorld: World, access: Parameters<World['call']>[0]) => {
  const example = exampleOf(route.name);
  if (example === undefined) throw new Error(`test/examples has no example of ${route.name}`);
  return example.make(inWorld, access, inWorld);
};

describe.each(routes.filter((route) => !onlyForInternal(route.name)))('$name', (route) => {
  test.each(typesOf(route.overloads))('serves %s', async (access) => {
    const answer = await send(world, access, route, await make(route, world, access));
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(200);
    expect(answer.status, answer.text).toBeLessThan(400);
  });

  const refused =
    typesOf(route.overloads)[0] === 'none' ? [] : accessTypes.filter((type) => !typesOf(route.overloads).includes(type as never));
  test.each(refused)('refuses %s', async (access) => {
    const answer = await send(world, access, route, await make(route, world, 'server'));
    expect(answer.json, answer.text).toMatchObject({ code: 'INSUFFICIENT_ACCESS_TYPE', details: { actual_access_type: access } });
  });

  test.each(typesOf(route.overloads)[0] === 'none' ? [] : ['a project'])('refuses callers without %s', async () => {
    const { user: _user, ...example } = await make(route, world, 'server');
    expect((await send(world, 'none', route, example)).json).toMatchObject({ code: 'ACCESS_TYPE_REQUIRED' });
  });

  test.each(exampleOf(route.name)?.takesAnyQuery === true ? [] : ['what it does not know'])('refuses %s', async () => {
    const access = typesOf(route.overloads)[0] ?? 'none';
    const example = await make(route, world, access);
    const answer = await send(world, access, route, { ...example, query: { ...example.query, surprise: '1' } });
    expect(answer.json, answer.text).toMatchObject({ code: 'SCHEMA_ERROR' });
    expect(answer.text).toContain('query contains unknown properties: surprise');
  });

  test.each(typesOf(route.overloads))('keeps a neighbour out: %s', async (access) => {
    const example = exampleOf(route.name);
    if (example === undefined) throw new Error(`test/examples has no example of ${route.name}`);
    const foreign = await example.make(world, access, neighbour);
    await writesOf(world);
    const answer = await send(neighbour, access, route, foreign);
    if (example.isAlone === true) expect(answer.text).not.toContain(world.project.tenancyId);
    else expect([...answersOfNothing, 400, 401, 403, 404, 409], answer.text).toContain(answer.status);
    if (answersOfNothing.includes(answer.status)) expect(mentionsAny(answer.text, await idsOf(world)), answer.text).toEqual([]);
    expect(await writesOf(world)).toEqual([]);
  });
});

/** A list or a check may answer, when it says nothing of the neighbour. */
const answersOfNothing = [200];

/** Each table tells which row of whose project was written, so that a neighbour's call can be seen to have written none. Attempts at codes are counted for everybody. */
async function watchWrites(): Promise<void> {
  await legacy.admin.query('create table written (name text, owner text); grant insert on written to public');
  await legacy.admin.query(`create function note_write() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and to_jsonb(old) - 'attemptCount' = to_jsonb(new) - 'attemptCount' then return null; end if;
      insert into written values (tg_table_name, coalesce(to_jsonb(coalesce(new, old)) ->> 'tenancyId', to_jsonb(coalesce(new, old)) ->> 'projectId'));
      return null;
    end $$`);
  const { rows } = await legacy.admin.query<{ name: string }>(
    `select distinct table_name as name from information_schema.columns
     where table_schema = 'public' and column_name in ('tenancyId', 'projectId')`,
  );
  for (const { name } of rows)
    await legacy.admin.query(
      `create trigger watch after insert or update or delete on "${name}" for each row execute function note_write()`,
    );
}

/** Which tables got rows of a world since it was asked last. */
async function writesOf(of: World): Promise<string[]> {
  const { rows } = await legacy.admin.query<{ name: string; owner: string }>('delete from written returning name, owner');
  return rows.filter(({ owner }) => owner === of.project.tenancyId || owner === of.project.id).map(({ name }) => name);
}

async function idsOf(of: World): Promise<string[]> {
  const { rows } = await legacy.admin.query<{ id: string }>(
    `select "projectUserId"::text as id from "ProjectUser" where "tenancyId" = $1
     union select "value" from "ContactChannel" where "tenancyId" = $1
     union select "teamId"::text from "Team" where "tenancyId" = $1`,
    [of.project.tenancyId],
  );
  return rows.map((row) => row.id);
}

const mentionsAny = (text: string, ids: readonly string[]) => ids.filter((id) => text.includes(id));

test('the neighbour test would notice a foreign change', async () => {
  await writesOf(world);
  const { userId } = await world.signUp();
  expect(await writesOf(world)).toContain('ProjectUser');
  await world.must('server', 'PATCH', `/users/${userId}`, { body: { display_name: 'Changed' } });
  expect(await writesOf(world)).toContain('ProjectUser');
});

test('every endpoint has an example', () => {
  expect(routes.filter((route) => !onlyForInternal(route.name) && exampleOf(route.name) === undefined).map((route) => route.name)).toEqual(
    [],
  );
});
