import pg from 'pg';
import type { Facts } from './finding.ts';

/** Whose tables are read. Who it is, the one who asks must know: `migrate status --json` says it. */
export type Owner = 'legacy' | 'extracted';

type Sql = { mails: string; verifications: string; invitations: string; preferences: string };

// The subjects of a run begin with its name; its people have addresses at a host of its name.
const sql: Record<Owner, Sql> = {
  legacy: {
    mails: `select "id"::text as id, "subject" as subject, "recipient"->>'user_id' as "userId", null as email
              from "EmailOutbox" where "subject" like $1 || ' %'`,
    verifications: `select o."id"::text as id, o."subject" as subject, c."projectUserId"::text as "userId", c."value" as email
              from "EmailOutbox" o
              join "ContactChannel" c on c."tenancyId" = o."tenancyId"
               and (c."projectUserId"::text = o."recipient"->>'user_id' or o."recipient"->'emails' ? c."value")
             where o."subject" like 'Verify your email%' and c."value" like '%@' || $1 || '.example.com'`,
    invitations: `select "id"::text as id, "subject" as subject, null as "userId", "recipient"->'emails'->>0 as email
              from "EmailOutbox" where "subject" like 'You have been invited%' and "recipient"->'emails'->>0 like '%@' || $1 || '.example.com'`,
    preferences: `select p."projectUserId"::text as "userId", p."notificationCategoryId"::text as "categoryId", p."enabled" as enabled
              from "UserNotificationPreference" p where p."projectUserId" = any($1::uuid[])`,
  },
  extracted: {
    mails: `select id::text as id, subject, recipient->>'user_id' as "userId", null as email
              from mail_outbox where subject like $1 || ' %'`,
    verifications: `select o.id::text as id, o.subject, c.project_user_id::text as "userId", c.value as email
              from mail_outbox o
              join ref_contact_channel c on c.tenancy_id = o.tenancy_id
               and (c.project_user_id::text = o.recipient->>'user_id' or o.recipient->'emails' ? c.value)
             where o.subject like 'Verify your email%' and c.value like '%@' || $1 || '.example.com'`,
    invitations: `select id::text as id, subject, null as "userId", recipient->'emails'->>0 as email
              from mail_outbox where subject like 'You have been invited%' and recipient->'emails'->>0 like '%@' || $1 || '.example.com'`,
    preferences: `select project_user_id::text as "userId", notification_category_id::text as "categoryId", enabled
              from notification_preference where project_user_id = any($1::uuid[])`,
  },
};

/** Reads what the owner's database holds of one run, in one snapshot. `userIds` are those whose preferences count. */
export function readOwner(
  url: string,
  owner: Owner,
  about: { run: string; userIds: string[] },
): Promise<Pick<Facts, 'rows' | 'preferences'>> {
  return inSnapshot(url, async (client) => {
    const mails = await client.query<Facts['rows'][number]>(sql[owner].mails, [about.run]);
    const verifications = await client.query<Facts['rows'][number]>(sql[owner].verifications, [about.run]);
    const invitations = await client.query<Facts['rows'][number]>(sql[owner].invitations, [about.run]);
    const preferences = await client.query<Facts['preferences'][number]>(sql[owner].preferences, [about.userIds]);
    return { rows: [...mails.rows, ...verifications.rows, ...invitations.rows], preferences: preferences.rows };
  });
}

/** Reads what the legacy holds of one run's teams and deleted users: both are its own in every phase. */
export function readLegacy(
  url: string,
  about: { run: string; deletedUserIds: string[] },
): Promise<{ teams: string[]; stillThere: string[] }> {
  return inSnapshot(url, async (client) => {
    const teams = await client.query<{ name: string }>(`select "displayName" as name from "Team" where "displayName" like $1 || ' %'`, [
      about.run,
    ]);
    const users = await client.query<{ id: string }>(
      'select "projectUserId"::text as id from "ProjectUser" where "projectUserId" = any($1::uuid[])',
      [about.deletedUserIds],
    );
    return { teams: teams.rows.map(({ name }) => name), stillThere: users.rows.map(({ id }) => id) };
  });
}

async function inSnapshot<T>(url: string, read: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'audit', statement_timeout: 30_000 });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const facts = await read(client);
    await client.query('commit');
    return facts;
  } finally {
    await client.end();
  }
}
