import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorText } from '@atlas/kit/errors';
import pg from 'pg';
import { type BenchUser, benchUser, hotRoutes } from './bench/hot-routes.ts';
import { openLoop, percentile, type Series } from './bench/open-loop.ts';
import { fullReads, logPlans, readPlans } from './bench/plans.ts';
import { partChecklist } from './part-checklist.ts';
import { prepare } from './prepare.ts';
import { repositoryRoot } from './repository-root.ts';
import { Stack } from './running-stack.ts';
import { stackSettings } from './stack-settings.ts';

const usage = `usage: pnpm bench:legacy [options]     the legacy's hot routes on many users, each against a route without a database in the same run
  --users N       how many users are seeded (default 1,000,000; about four minutes the first time)
  --rate N        requests a second for each route (default 50)
  --seconds N     how long each route is asked in each of three rounds (default 5)
  --reset         removes the seeded database afterwards
  --json          the result as JSON on stdout
It runs on a stack of its own (ports 89nn), of which only the database and the legacy are started.`;

const prefix = 89;
const rounds = 3;
const peopleAsked = 200;
const explainedEach = 5;

type Options = { users: number; rate: number; seconds: number; isReset: boolean; isJson: boolean };
type Line = Series & { route: string; p99Ratio: number };
type Result = { users: number; rate: number; lines: Line[]; fullReads: { table: string; query: string }[]; plansRead: number };

/** Exit codes: 0 measured and every big table read by index, 1 a full read or a failed request, 2 not understood. */
async function main(args: string[]): Promise<number> {
  const options = readOptions(args);
  if (options === null) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const list = partChecklist();
  const settings = stackSettings(process.env, { prefix });
  const stack = new Stack(settings, list.onEvent);
  try {
    await prepare(join(settings.stateDir, 'cache'), ['legacy', 'legacy-seed']);
    await stack.up(['legacy', 'legacy-seed']).finally(() => list.close());
    await seedUsers(stack, options.users);
    const result = await measure(stack, options);
    if (options.isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
    process.stderr.write(`${tableOf(result)}\n`);
    return result.fullReads.length === 0 && result.lines.every((line) => line.failed === 0) ? 0 : 1;
  } finally {
    await (options.isReset ? stack.reset() : stack.stop());
  }
}

function readOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const;
  const bool = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({ args, options: { users: text, rate: text, seconds: text, reset: bool, json: bool } });
    const options = { users: Number(values.users ?? 1_000_000), rate: Number(values.rate ?? 50), seconds: Number(values.seconds ?? 5) };
    const isSound = Number.isInteger(options.users) && options.users >= 1_000 && options.rate > 0 && options.seconds > 0;
    return isSound ? { ...options, isReset: values.reset === true, isJson: values.json === true } : null;
  } catch {
    return null;
  }
}

async function seedUsers(stack: Stack, users: number): Promise<void> {
  const child = spawn(process.execPath, ['legacy/apps/backend/prisma/seed.ts', '--users', String(users)], {
    cwd: repositoryRoot,
    env: { ...process.env, ...stack.env('legacy-seed') },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`the seed ended with ${code}`);
}

async function measure(stack: Stack, { users, rate, seconds }: Options): Promise<Result> {
  const api = `${stack.url('legacy')}/api/v1`;
  const people = await benchPeople(stack, api);
  const pick = (n: number) => people[n % people.length] as BenchUser;
  const routes = hotRoutes(api);
  const { plans, readOf } = await explained(stack, async () => {
    for (const route of routes) for (let n = 0; n < explainedEach; n += 1) await route.send(pick(n));
  });
  for (const route of routes) await openLoop({ perSecond: rate, seconds: 1 }, (n) => route.send(pick(n)));
  const series = new Map<string, Series[]>(routes.map((route) => [route.name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const route of routes) series.get(route.name)?.push(await openLoop({ perSecond: rate, seconds }, (n) => route.send(pick(n))));
  }
  const middle = routes.map((route) => ({ route: route.name, isPeer: route.isPeer === true, ...middleOf(series.get(route.name) ?? []) }));
  const peer = middle.find((line) => line.isPeer)?.p99 ?? Number.NaN;
  const lines = middle.map(({ isPeer: _isPeer, ...line }) => ({ ...line, p99Ratio: Math.round((line.p99 / peer) * 10) / 10 }));
  return { users, rate, lines, fullReads: readOf, plansRead: plans };
}

/** Some of the seeded users, spread over all of them, signed in. */
async function benchPeople(stack: Stack, api: string): Promise<BenchUser[]> {
  const client = new pg.Client({ connectionString: stack.urls.database('legacy', 'postgres') });
  await client.connect();
  const { rows } = await client.query<{ token: string }>(
    `select "refreshToken" as token from "ProjectUserRefreshToken" where "expiresAt" > '2098-01-01' order by "id" limit $1`,
    [peopleAsked],
  );
  await client.end();
  const people: BenchUser[] = [];
  for (const { token } of rows) people.push(await benchUser(api, token));
  return people;
}

/** Which big tables the statements of some work read from end to end, by the plans that PostgreSQL logged while it ran them. */
async function explained(stack: Stack, work: () => Promise<void>): Promise<{ plans: number; readOf: Result['fullReads'] }> {
  const log = stack.logFile('postgres');
  const superuser = stack.urls.database('legacy', 'postgres');
  const from = statSync(log).size;
  const end = await logPlans(superuser, 'legacy_app');
  await work();
  await end();
  const plans = readPlans(log, from);
  if (plans.length === 0) throw new Error(`no plan was logged in ${log}`);
  return { plans: plans.length, readOf: fullReads(plans) };
}

/** The median of each figure over the rounds; failures are added up. */
function middleOf(rows: readonly Series[]): Series {
  const middle = (name: 'p50' | 'p95' | 'p99') =>
    percentile(
      rows.map((row) => row[name]).sort((one, other) => one - other),
      50,
    );
  const sum = (name: 'requests' | 'failed') => rows.reduce((total, row) => total + row[name], 0);
  return { requests: sum('requests'), failed: sum('failed'), p50: middle('p50'), p95: middle('p95'), p99: middle('p99') };
}

function tableOf({ users, rate, lines, fullReads: reads, plansRead }: Result): string {
  const head = `${users.toLocaleString('en-US')} users, ${rate} requests a second, median of ${rounds} rounds (ms)`;
  const columns = ['route'.padEnd(36), ...['p50', 'p95', 'p99', 'p99 ÷ peer', 'failed'].map((name) => name.padStart(11))].join('');
  const body = lines.map((line) =>
    [line.route.padEnd(36), ...[line.p50, line.p95, line.p99, line.p99Ratio, line.failed].map((value) => String(value).padStart(11))].join(
      '',
    ),
  );
  const plans =
    reads.length === 0
      ? `${plansRead} plans: every big table is read by an index`
      : reads.map(({ table, query }) => `full read of ${table}: ${query}`).join('\n');
  return [head, columns, ...body, plans].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = 1;
}
