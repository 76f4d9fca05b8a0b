/** Server settings that the protocol needs: logical decoding, room for locks and slots, a quick deadlock check (a fence meets writers). */
export const postgresFlags = [
  '-c',
  'wal_level=logical',
  '-c',
  'max_replication_slots=20',
  '-c',
  'max_wal_senders=20',
  '-c',
  'max_connections=200',
  '-c',
  'max_locks_per_transaction=256',
  '-c',
  'deadlock_timeout=50ms',
  '-c',
  'listen_addresses=127.0.0.1',
] as const;

/**
 * The roles of a development server, as statements that may run twice. Run-time roles own nothing; only `cdc_applier` may act as a replica,
 * only `cdc_source` may stream. One password for all: development only.
 */
export function roleStatements(password: string): string[] {
  const logins = ['legacy_app', 'notifications_app', 'cdc_applier', 'strangler_fencer', 'strangler_reader', 'migrate', 'gateway'];
  return [
    ...logins.map((role) => createRole(role, `login password '${password}'`)),
    createRole('cdc_source', `login replication password '${password}'`),
    'grant set on parameter session_replication_role to cdc_applier',
  ];
}

function createRole(role: string, options: string): string {
  return `do $$ begin if not exists (select from pg_roles where rolname = '${role}') then create role ${role} ${options}; end if; end $$`;
}
