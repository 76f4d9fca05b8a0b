import type { DoctorCheck } from '@atlas/contracts/control';
import type { Side } from '@atlas/contracts/ledger';
import { errorText } from '@atlas/kit/errors';
import { openSession, type Queryable } from '@atlas/kit/postgres';
import { fail, pass } from './check.ts';

const versionMin = 160_000;
const migrate = (slice: string) => `pnpm cdc migrate --slice ${slice}`;

type Subject = { url: string; side: Side; slices: readonly string[] };

/** One data database: server, strangler schema, guards, what the flow publishes, slots, rights. */
export async function checkSide(subject: Subject): Promise<DoctorCheck[]> {
  const name = `${subject.side} database`;
  try {
    const session = await openSession(subject.url, { name: 'migrate doctor' });
    try {
      await session.query(`set statement_timeout = '5s'`);
      return [...(await checkServer(session, name)), ...(await checkSlices(session, subject, name))];
    } finally {
      await session.close();
    }
  } catch (error) {
    return [fail(name, errorText(error), 'check its URL and role strangler_fencer; pnpm stack status')];
  }
}

async function checkServer(database: Queryable, name: string): Promise<DoctorCheck[]> {
  const { rows } = await database.query<{ version: string; number: number; wal: string; deadlock: string; locks: number }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number, current_setting('wal_level') as wal,
       current_setting('deadlock_timeout') as deadlock, current_setting('max_locks_per_transaction')::int as locks`,
  );
  const server = rows[0];
  if (server === undefined) return [fail(name, 'no answer', 'pnpm stack status')];
  return [
    server.number >= versionMin
      ? pass(name, `PostgreSQL ${server.version}`)
      : fail(name, `PostgreSQL ${server.version} has no origin filter`, 'use PostgreSQL 16 or newer'),
    expectSetting(`${name}: wal_level`, server.wal, 'logical'),
    expectSetting(`${name}: deadlock_timeout`, server.deadlock, '50ms'),
    server.locks >= 256
      ? pass(`${name}: max_locks_per_transaction`, String(server.locks))
      : fail(`${name}: max_locks_per_transaction`, String(server.locks), 'set it to 256 or more and restart the server'),
  ];
}

async function checkSlices(database: Queryable, { side, slices }: Subject, name: string): Promise<DoctorCheck[]> {
  const { rows } = await database.query<{ is_there: boolean }>(`select to_regclass('strangler.fence') is not null as is_there`);
  if (rows[0]?.is_there !== true)
    return [fail(`${name}: strangler schema`, 'is missing', slices[0] === undefined ? 'write a plan' : migrate(slices[0]))];
  const checks = slices.map((slice) => checkSlice(database, { side, slice, name }));
  return [...(await Promise.all(checks)).flat(), await checkRights(database, name)];
}

type SliceSubject = { side: Side; slice: string; name: string };

async function checkSlice(database: Queryable, subject: SliceSubject): Promise<DoctorCheck[]> {
  const { side, slice, name } = subject;
  const publication = `${side === 'legacy' ? 'f' : 'r'}_${slice}`;
  return [
    await checkFence(database, subject),
    await checkPublished(database, name, { publication, slice }),
    await checkGuards(database, name, slice),
    await checkSlot(database, name, publication),
  ];
}

async function checkFence(database: Queryable, { slice, name }: SliceSubject): Promise<DoctorCheck> {
  const check = `${name}: fence of ${slice}`;
  const { rows } = await database.query<{ owner: string; epoch: bigint }>('select owner, epoch from strangler.fence_of($1, $2)', [
    slice,
    '*',
  ]);
  return rows[0] === undefined ? fail(check, 'no fence row', migrate(slice)) : pass(check, `${rows[0].owner}, epoch ${rows[0].epoch}`);
}

async function checkPublished(
  database: Queryable,
  name: string,
  { publication, slice }: { publication: string; slice: string },
): Promise<DoctorCheck> {
  const check = `${name}: publication ${publication}`;
  const { rows } = await database.query<{ name: string; identity: string }>(
    `select c.relname as name, c.relreplident as identity from pg_publication_tables p
     join pg_class c on c.oid = format('%I.%I', p.schemaname, p.tablename)::regclass where p.pubname = $1 and p.schemaname <> 'strangler'`,
    [publication],
  );
  if (rows.length === 0) return fail(check, 'is missing or empty', migrate(slice));
  const wrong = rows.filter((row) => row.identity !== 'f').map((row) => row.name);
  const fix = wrong.map((table) => `alter table "${table}" replica identity full;`).join(' ');
  return wrong.length === 0
    ? pass(check, `${rows.length} tables, replica identity full`)
    : fail(check, `${wrong.join(', ')} without replica identity full`, fix);
}

async function checkGuards(database: Queryable, name: string, slice: string): Promise<DoctorCheck> {
  const check = `${name}: guards`;
  const { rows } = await database.query<{ name: string; state: string }>(
    `select c.relname as name, t.tgenabled as state from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where t.tgname = 'zzz_strangler_guard' and n.nspname = 'public'`,
  );
  if (rows.length === 0) return fail(check, 'no table of the slice has its guard', migrate(slice));
  // O: fires for everyone but the applier. D would let anyone write, A would refuse the applier.
  const wrong = rows.filter((row) => row.state !== 'O').map((row) => row.name);
  const fix = wrong.map((table) => `alter table "${table}" enable trigger zzz_strangler_guard;`).join(' ');
  return wrong.length === 0
    ? pass(check, `${rows.length} tables guarded`)
    : fail(check, `guard of ${wrong.join(', ')} is not in force`, fix);
}

async function checkSlot(database: Queryable, name: string, prefix: string): Promise<DoctorCheck> {
  const check = `${name}: slot ${prefix}_*`;
  const { rows } = await database.query<{ name: string; active: boolean; status: string | null }>(
    `select slot_name as name, active, wal_status as status from pg_replication_slots where database = current_database() and starts_with(slot_name, $1)`,
    [`${prefix}_`],
  );
  const fix = 'start the connectors: pnpm stack logs cdc';
  if (rows.length === 0) return fail(check, 'no slot', fix);
  const bad = rows.find((row) => !row.active || (row.status !== 'reserved' && row.status !== 'extended'));
  return bad === undefined ? pass(check, 'active') : fail(check, `${bad.name} is ${bad.active ? bad.status : 'not active'}`, fix);
}

async function checkRights(database: Queryable, name: string): Promise<DoctorCheck> {
  const check = `${name}: rights`;
  const { rows } = await database.query<{ can_fence: boolean; loose: string[] }>(
    `select has_function_privilege('strangler.mark(text, text, text, bigint)', 'execute') as can_fence,
       array(select rolname::text from pg_roles where rolname in ('legacy_app', 'notifications_app')
         and (rolsuper or has_table_privilege(oid, 'strangler.fence', 'update'))) as loose`,
  );
  if (rows[0]?.can_fence !== true) return fail(check, 'this role may not fence', 'grant as in cdc/sql: run cdc migrate again');
  const { loose } = rows[0];
  return loose.length === 0
    ? pass(check, 'apps cannot touch fences')
    : fail(check, `${loose.join(', ')} can pass the guard`, 'take superuser and rights on schema strangler from application roles');
}

function expectSetting(check: string, found: string, wanted: string): DoctorCheck {
  return found === wanted ? pass(check, found) : fail(check, found, `set it to ${wanted} and restart the server`);
}
