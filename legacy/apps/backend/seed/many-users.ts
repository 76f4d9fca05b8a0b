import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { defaultRoles } from '../src/projects/default-roles.ts';
import { seedRefreshToken, seedUuid } from './identifiers.ts';

/** The project of the benches: its ids and keys are the same in every database. */
export const benchProject = {
  id: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0002',
  tenancyId: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0102',
  publishableClientKey: 'this-bench-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-bench-secret-server-key-is-for-local-development-only',
} as const;

/** The password of every seeded user is `development-password`; one hash for all, since hashing a million would take a day. */
const passwordHash = '$2b$10$7EqJtq98hPqEX7fNZaFWoOhi5cQ8b3Yv5c1hYkq8Cj0mZ0vEo3l0e';
const usersPerTransaction = 20_000;
const membersPerTeam = 10;
const started = Date.UTC(2025, 0, 1);

/** What is there and what a run adds. `rows` counts every table. */
export type ManyUsers = { had: number; users: number; rows: number; seconds: number };

/** How many users the bench project has. */
export async function countUsers(url: string): Promise<number> {
  return withClient(url, countOf);
}

/**
 * Fills the bench project up to `users`, by COPY: each with an e-mail, a password, a session and a place with permissions in a team of ten.
 * Each step is one transaction, so that an interrupted run is gone on with. Tables are analysed at the end.
 */
export function seedManyUsers(url: string, users: number, progress: (done: number) => void): Promise<ManyUsers> {
  return withClient(url, async (client) => {
    const began = performance.now();
    await seedProject(client);
    const had = await countOf(client);
    let rows = 0;
    for (let first = had; first < users; first += usersPerTransaction) {
      const end = Math.min(users, first + usersPerTransaction);
      await client.query('begin');
      for (const table of tables) rows += await copyTable(client, table, first, end);
      await client.query('commit');
      progress(end);
    }
    if (users > had) for (const { name } of tables) await client.query(`analyze "${name}"`);
    return { had, users: Math.max(had, users), rows, seconds: Math.round((performance.now() - began) / 100) / 10 };
  });
}

type Table = { name: string; columns: string[]; rowsOf(index: number): string[][] };

const { tenancyId } = benchProject;
const user = (index: number) => seedUuid('user', index);
const team = (index: number) => seedUuid('team', Math.floor(index / membersPerTeam));
const at = (index: number) => new Date(started + index * 1_000).toISOString();
const isFirstOfTeam = (index: number) => index % membersPerTeam === 0;

const tables: Table[] = [
  {
    name: 'ProjectUser',
    columns: ['tenancyId', 'projectUserId', 'displayName', 'signedUpAt', 'lastActiveAt', 'createdAt', 'updatedAt'],
    rowsOf: (index) => [[tenancyId, user(index), `Bench User ${index}`, at(index), at(index), at(index), at(index)]],
  },
  {
    name: 'ContactChannel',
    columns: ['tenancyId', 'projectUserId', 'id', 'type', 'value', 'isPrimary', 'isVerified', 'usedForAuth'],
    rowsOf: (index) => [
      [tenancyId, user(index), seedUuid('channel', index), 'EMAIL', `user${index}@bench.example.com`, 'TRUE', 'true', 'TRUE'],
    ],
  },
  {
    name: 'AuthMethod',
    columns: ['tenancyId', 'id', 'projectUserId'],
    rowsOf: (index) => [[tenancyId, seedUuid('method', index), user(index)]],
  },
  {
    name: 'PasswordAuthMethod',
    columns: ['tenancyId', 'authMethodId', 'projectUserId', 'passwordHash'],
    rowsOf: (index) => [[tenancyId, seedUuid('method', index), user(index), passwordHash]],
  },
  {
    name: 'ProjectUserRefreshToken',
    columns: ['tenancyId', 'id', 'projectUserId', 'refreshToken', 'expiresAt'],
    rowsOf: (index) => [[tenancyId, seedUuid('session', index), user(index), seedRefreshToken(index), '2099-01-01T00:00:00Z']],
  },
  {
    name: 'Team',
    columns: ['tenancyId', 'teamId', 'displayName'],
    rowsOf: (index) => (isFirstOfTeam(index) ? [[tenancyId, team(index), `Bench Team ${index / membersPerTeam}`]] : []),
  },
  {
    name: 'TeamMember',
    columns: ['tenancyId', 'projectUserId', 'teamId', 'isSelected'],
    rowsOf: (index) => [[tenancyId, user(index), team(index), 'TRUE']],
  },
  {
    name: 'TeamMemberDirectPermission',
    columns: ['tenancyId', 'id', 'projectUserId', 'teamId', 'permissionId'],
    rowsOf: (index) => [
      [tenancyId, seedUuid('permission', index), user(index), team(index), isFirstOfTeam(index) ? 'team_admin' : 'team_member'],
    ],
  },
];

async function copyTable(client: pg.Client, table: Table, first: number, end: number): Promise<number> {
  const columns = table.columns.map((column) => `"${column}"`).join(', ');
  const target = client.query(copyFrom(`copy "${table.name}" (${columns}) from stdin`));
  let rows = 0;
  await pipeline(async function* lines() {
    let chunk = '';
    for (let index = first; index < end; index += 1) {
      for (const row of table.rowsOf(index)) {
        chunk += `${row.join('\t')}\n`;
        rows += 1;
      }
      if (chunk.length < 65_536) continue;
      yield chunk;
      chunk = '';
    }
    yield chunk;
  }, target);
  return rows;
}

async function seedProject(client: pg.Client): Promise<void> {
  const { id, publishableClientKey, secretServerKey } = benchProject;
  const values = [
    id,
    tenancyId,
    publishableClientKey,
    secretServerKey,
    JSON.stringify({ 'auth.password.allowSignIn': true, ...defaultRoles }),
  ];
  await client.query(
    `with project as (
       insert into "Project" ("id", "displayName", "description") values ($1, 'Bench', 'Users for benches') on conflict do nothing returning 1),
     config as (
       insert into "EnvironmentConfigOverride" ("projectId", "branchId", "config") values ($1, 'main', $5) on conflict do nothing returning 1),
     tenancy as (insert into "Tenancy" ("id", "projectId", "branchId") values ($2, $1, 'main') on conflict do nothing returning 1)
     insert into "ApiKeySet" ("projectId", "id", "description", "expiresAt", "publishableClientKey", "secretServerKey")
     values ($1, $2, 'Development keys', '2099-12-31', $3, $4) on conflict do nothing`,
    values,
  );
}

async function countOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ users: number }>('select count(*)::int as users from "ProjectUser" where "tenancyId" = $1', [
    tenancyId,
  ]);
  return rows[0]?.users ?? 0;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'seed' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
