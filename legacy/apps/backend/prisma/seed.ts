import { parseArgs } from 'node:util';
import { hash } from '@node-rs/bcrypt';
import { PrismaPg } from '@prisma/adapter-pg';
import { demoTeams, demoUsers, seedDemoProject } from '../seed/demo-project.ts';
import { countUsers, seedManyUsers } from '../seed/many-users.ts';
import { type Prisma, PrismaClient } from '../src/generated/prisma/client.ts';
import { defaultRoles } from '../src/projects/default-roles.ts';

// Development data: `node prisma/seed.ts` with LEGACY_ADMIN_DATABASE_URL. May run any number of times. A production start refuses these keys.

const usersMax = 10_000_000;
const tenancyId = '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b0001';
const keySetId = '6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b0002';
const password = 'development-password';
const people = ['Ada Lovelace', 'Grace Hopper', 'Barbara Liskov', 'Radia Perlman', 'Frances Allen'];

const providers = ['github', 'google', 'microsoft', 'spotify'];
const internalConfig = {
  'auth.password.allowSignIn': true,
  'auth.otp.allowSignIn': true,
  'auth.oauth.providers': Object.fromEntries(
    providers.map((type) => [type, { type, isShared: true, allowSignIn: true, allowConnectedAccounts: true }]),
  ),
  'teams.createPersonalTeamOnSignUp': true,
  'teams.allowClientTeamCreation': true,
  'domains.allowLocalhost': true,
  ...defaultRoles,
};

/** Writes what is missing; what is there stays, but for the project's settings and keys. */
export async function seed(database: PrismaClient): Promise<void> {
  await seedInternalProject(database);
  const passwordHash = await hash(password, { cost: 10 });
  for (const [index, displayName] of people.entries()) await seedUser(database, { index, displayName, passwordHash });
  await seedDemoProject(database);
}

async function seedInternalProject(database: PrismaClient): Promise<void> {
  const project = {
    displayName: 'Stack Dashboard',
    description: "Stack's admin dashboard",
    isProductionMode: false,
  };
  await database.project.upsert({ where: { id: 'internal' }, create: { id: 'internal', ...project }, update: project });
  await database.environmentConfigOverride.upsert({
    where: { projectId_branchId: { projectId: 'internal', branchId: 'main' } },
    create: { projectId: 'internal', branchId: 'main', config: internalConfig },
    update: { config: internalConfig },
  });
  await database.tenancy.upsert({
    where: { projectId_branchId: { projectId: 'internal', branchId: 'main' } },
    create: { id: tenancyId, projectId: 'internal', branchId: 'main' },
    update: {},
  });
  const keys = {
    description: 'Development keys',
    expiresAt: new Date('2099-12-31T23:59:59Z'),
    publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
    secretServerKey: 'this-secret-server-key-is-for-local-development-only',
    superSecretAdminKey: 'this-super-secret-admin-key-is-for-local-development-only',
  };
  await database.apiKeySet.upsert({
    where: { projectId_id: { projectId: 'internal', id: keySetId } },
    create: { projectId: 'internal', id: keySetId, ...keys },
    update: keys,
  });
}

async function seedUser(database: PrismaClient, person: { index: number; displayName: string; passwordHash: string }): Promise<void> {
  const ids = seedIds(person.index);
  const email = `${person.displayName.split(' ')[0]?.toLowerCase()}@example.com`;
  const key = { tenancyId, projectUserId: ids.user };
  const existing = await database.projectUser.findUnique({ where: { tenancyId_projectUserId: key }, select: { projectUserId: true } });
  if (existing !== null) return;
  const rows: Prisma.PrismaPromise<unknown>[] = [
    database.projectUser.create({ data: { ...key, displayName: person.displayName } }),
    database.contactChannel.create({
      data: { ...key, id: ids.channel, type: 'EMAIL', value: email, isPrimary: 'TRUE', usedForAuth: 'TRUE', isVerified: true },
    }),
    database.authMethod.create({ data: { ...key, id: ids.method } }),
    database.passwordAuthMethod.create({ data: { ...key, authMethodId: ids.method, passwordHash: person.passwordHash } }),
    database.team.create({ data: { tenancyId, teamId: ids.team, displayName: `${person.displayName}'s Team` } }),
    database.teamMember.create({ data: { ...key, teamId: ids.team, isSelected: 'TRUE' } }),
  ];
  await database.$transaction(rows);
}

/** The same ids in every seeded database: `…-1<nn>` users, `…-2<nn>` channels, `…-3<nn>` sign-in methods, `…-4<nn>` teams. */
function seedIds(index: number): { user: string; channel: string; method: string; team: string } {
  const id = (kind: number) => `6c9f3f3a-3c55-4f5c-9d3c-0e6f4a1b${kind}${String(index).padStart(3, '0')}`;
  return { user: id(1), channel: id(2), method: id(3), team: id(4) };
}

const usage = `usage: pnpm seed [options]        development data into the database at LEGACY_ADMIN_DATABASE_URL
  --users N     also a project "Bench" with N users in teams of ten (up to ${usersMax.toLocaleString('en-US')}); goes on where an earlier run ended
  --dry-run     only says what would be written
  --json        the result as JSON on stdout`;

type Options = { users: number; isDryRun: boolean; isJson: boolean };

function readOptions(): Options | null {
  try {
    const { values } = parseArgs({
      options: { users: { type: 'string' }, 'dry-run': { type: 'boolean' }, json: { type: 'boolean' } },
    });
    const users = Number(values.users ?? 0);
    if (!Number.isInteger(users) || users < 0 || users > usersMax) return null;
    return { users, isDryRun: values['dry-run'] === true, isJson: values.json === true };
  } catch {
    return null;
  }
}

/** Exit codes: 0 done, 1 failed, 2 not understood. */
async function main(): Promise<number> {
  const connectionString = process.env['LEGACY_ADMIN_DATABASE_URL'];
  const options = readOptions();
  if (options === null || connectionString === undefined) {
    process.stderr.write(`${connectionString === undefined ? 'LEGACY_ADMIN_DATABASE_URL is not set\n' : ''}${usage}\n`);
    return 2;
  }
  const result = options.isDryRun ? await plannedWork(connectionString, options) : await work(connectionString, options);
  if (options.isJson) process.stdout.write(`${JSON.stringify(result)}\n`);
  return 0;
}

async function plannedWork(connectionString: string, { users }: Options): Promise<Record<string, unknown>> {
  const had = await countUsers(connectionString);
  const missing = Math.max(0, users - had);
  process.stderr.write(`would seed projects internal and Demo, and add ${missing.toLocaleString('en-US')} users to the ${had} of Bench\n`);
  return { dryRun: true, had, missing };
}

async function work(connectionString: string, { users }: Options): Promise<Record<string, unknown>> {
  const database = new PrismaClient({ adapter: new PrismaPg({ connectionString, max: 1 }) });
  try {
    await seed(database);
  } finally {
    await database.$disconnect();
  }
  process.stderr.write(`seeded project internal with ${people.length} users, and Demo with ${demoUsers} in ${demoTeams} teams\n`);
  if (users === 0) return { people: people.length, demoUsers, demoTeams };
  const bench = await seedManyUsers(connectionString, users, (done) => process.stderr.write(`\r  ${done.toLocaleString('en-US')} users`));
  const perSecond = bench.seconds === 0 ? 0 : Math.round(bench.rows / bench.seconds);
  process.stderr.write(
    `\rseeded Bench with ${bench.users.toLocaleString('en-US')} users: ${bench.rows.toLocaleString('en-US')} rows in ${bench.seconds} s, ${perSecond.toLocaleString('en-US')} a second\n`,
  );
  return { people: people.length, demoUsers, demoTeams, bench: { ...bench, rowsPerSecond: perSecond } };
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  }
}
