import { parseArgs } from 'node:util';
import { type AuditReport, isClean, judge } from './audit/judge.ts';
import { readMails } from './audit/mailbox-reader.ts';
import { type Owner, readLegacy, readOwner } from './audit/owner-database.ts';
import { type ClientRecord, readRecords } from './audit/records.ts';

export { type AuditReport, isClean, isDrained } from './audit/judge.ts';

/** What an audit looks at: the clients' folder, the run's name, whose database counts for notifications, and where it, the legacy's and the mailbox are. */
export type AuditOptions = {
  records: string;
  run: string;
  owner: Owner;
  databaseUrl: string;
  legacyDatabaseUrl: string;
  mailboxUrl: string;
};

/**
 * The acked-write audit: what clients were told, compared with what the owner's database and the mailbox hold. It uses nothing of the
 * sync, the ledger or the gateway. Call it when no request is under way and the mails have had time to leave.
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const records = await readRecords(options.records);
  const mails = await readMails(options.mailboxUrl, options.run);
  const deletedUserIds = usersOf(records, 'deletion');
  const legacy = await readLegacy(options.legacyDatabaseUrl, { run: options.run, deletedUserIds });
  const userIds = [...usersOf(records, 'preference'), ...deletedUserIds];
  const owner = await readOwner(options.databaseUrl, options.owner, { run: options.run, userIds });
  const withPreferences = deletedUserIds.filter((id) => owner.preferences.some(({ userId }) => userId === id));
  return judge(records, { ...owner, teams: legacy.teams, deletedUsers: { stillThere: legacy.stillThere, withPreferences }, mails });
}

function usersOf(records: ClientRecord[], type: 'preference' | 'deletion'): string[] {
  return [...new Set(records.flatMap((record) => (record.type === type ? [record.userId] : [])))];
}

const usage =
  'usage: node packages/dev/src/audit.ts --records DIR --run NAME --owner legacy|extracted --database URL --legacy-database URL --mailbox URL';

/** Prints the report as JSON. Exit codes: 0 clean, 1 something is wrong, 2 not understood. */
async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { records: text, run: text, owner: text, database: text, 'legacy-database': text, mailbox: text },
  });
  const { records, run, owner, database, mailbox } = values;
  const legacyDatabaseUrl = values['legacy-database'];
  if (!records || !run || !database || !legacyDatabaseUrl || !mailbox || (owner !== 'legacy' && owner !== 'extracted')) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const report = await audit({ records, run, owner, databaseUrl: database, legacyDatabaseUrl, mailboxUrl: mailbox });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return isClean(report) ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
