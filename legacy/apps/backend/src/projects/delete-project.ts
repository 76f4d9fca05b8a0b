import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { database, sqlState, type Transaction } from '../database.ts';
import { Prisma } from '../generated/prisma/client.ts';

const rowsAtOnceMax = 1_000;
const triesMax = 5;
const deadlock = '40P01';
// What a project may have very many of, or what no foreign key ties to it; all else goes with the project's row.
const tablesOfTenancies = ['Team', 'Event', 'EventBatch'] as const;
const tablesOfProjects = ['VerificationCode', 'WebhookMessage'] as const;

type Client = Pick<Transaction, '$executeRaw'>;

/**
 * Deletes a project with all that hangs on it; afterwards nobody has access to it. First in bounded steps, so that no statement is longer
 * than the database allows (stopped half-way, it can be asked for again); then what was added meanwhile, and the project, in one commit.
 * Parts without a foreign key follow by each user's event.
 */
export async function deleteProject(projectId: string): Promise<void> {
  if (projectId === 'internal') throw new StatusError(400, 'The project `internal` cannot be deleted.');
  for (let tries = 1; ; tries += 1) {
    try {
      await emptyProject(database(), projectId);
      return await deleteRest(projectId);
    } catch (error) {
      // Somebody wrote to the project at the same time and came first; what was deleted stays so.
      if (sqlState(error) !== deadlock || tries >= triesMax) throw error;
    }
  }
}

async function deleteRest(projectId: string): Promise<void> {
  await database().$transaction(async (tx) => {
    // From here on nobody can be added: new rows wait for these locks, and then find no project. In the order in which sign-ups lock.
    await tx.$queryRaw`select 1 from "Tenancy" where "projectId" = ${projectId} for update`;
    await tx.$queryRaw`select 1 from "Project" where "id" = ${projectId} for update`;
    await emptyProject(tx, projectId);
    await tx.project.deleteMany({ where: { id: projectId } });
  });
}

async function emptyProject(client: Client, projectId: string): Promise<void> {
  const tenancies = Prisma.sql`"tenancyId" in (select "id" from "Tenancy" where "projectId" = ${projectId})`;
  await untilNone(() => deleteUsers(client, tenancies));
  for (const table of tablesOfTenancies) await untilNone(() => deleteRows(client, table, tenancies));
  for (const table of tablesOfProjects) await untilNone(() => deleteRows(client, table, Prisma.sql`"projectId" = ${projectId}`));
}

/** Some users, with an event for each in the same statement. */
function deleteUsers(client: Client, where: Prisma.Sql): Promise<number> {
  return client.$executeRaw`
    with gone as (
      delete from "ProjectUser" where ("tenancyId", "projectUserId") in (
        select "tenancyId", "projectUserId" from "ProjectUser" where ${where} limit ${rowsAtOnceMax})
      returning "tenancyId", "projectUserId")
    insert into "DomainEvent" ("tenancyId", "id", "type", "payload")
    select "tenancyId", gen_random_uuid(), 'user.deleted', jsonb_build_object('user_id', "projectUserId") from gone`;
}

function deleteRows(
  client: Client,
  table: (typeof tablesOfTenancies | typeof tablesOfProjects)[number],
  where: Prisma.Sql,
): Promise<number> {
  const name = Prisma.raw(`"${table}"`);
  return client.$executeRaw`delete from ${name} where ctid in (select ctid from ${name} where ${where} limit ${rowsAtOnceMax})`;
}

async function untilNone(step: () => Promise<number>): Promise<void> {
  while ((await step()) > 0);
}
