import pg from 'pg';
import type { Facts } from './finding.ts';

/** Whose tables are read. Who it is, the one who asks must know: `migrate status --json` says it. */
export type Owner = 'legacy' | 'extracted';

type Sql = { mails: string; verifications: string; preferences: string };

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
    preferences: `select project_user_id::text as "userId", notification_category_id::text as "categoryId", enabled
              from notification_preference where project_user_id = any($1::uuid[])`,
  },
};

/** Reads what the owner's database holds of one run, in one snapshot. */
export async function readOwner(url: string, owner: Owner, about: { run: string; userIds: string[] }): Promise<Omit<Facts, 'mails'>> {
  const client = new pg.Client({ connectionString: url, application_name: 'audit', statement_timeout: 30_000 });
  await client.connect();
  try {
    await client.query('begin isolation level repeatable read read only');
    const mails = await client.query<Facts['rows'][number]>(sql[owner].mails, [about.run]);
    const verifications = await client.query<Facts['rows'][number]>(sql[owner].verifications, [about.run]);
    const preferences = await client.query<Facts['preferences'][number]>(sql[owner].preferences, [about.userIds]);
    await client.query('commit');
    return { rows: [...mails.rows, ...verifications.rows], preferences: preferences.rows };
  } finally {
    await client.end();
  }
}
