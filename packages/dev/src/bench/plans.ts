import { readFileSync } from 'node:fs';
import pg from 'pg';

/** A plan as PostgreSQL executed it, with its statement. */
export type ExecutedPlan = { query: string; plan: PlanNode };
type PlanNode = { 'Node Type': string; 'Relation Name'?: string; Plans?: PlanNode[] };

/** Tables that grow with users: a statement of a hot route that reads one of them from end to end is a mistake at any size that matters. */
export const bigTables = [
  'ProjectUser',
  'ContactChannel',
  'AuthMethod',
  'PasswordAuthMethod',
  'ProjectUserRefreshToken',
  'Team',
  'TeamMember',
  'TeamMemberDirectPermission',
];

/** From now on each new session of `role` logs the plan of every statement (auto_explain). Answers a function that ends it. */
export async function logPlans(url: string, role: string): Promise<() => Promise<void>> {
  await inSession(url, [
    `alter role ${role} set session_preload_libraries = 'auto_explain'`,
    `alter role ${role} set auto_explain.log_min_duration = 0`,
    `alter role ${role} set auto_explain.log_format = 'json'`,
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`,
  ]);
  return () =>
    inSession(url, [`alter role ${role} reset all`, `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`]);
}

/** The plans that a server's log holds beyond `from` bytes. */
export function readPlans(logFile: string, from: number): ExecutedPlan[] {
  const text = readFileSync(logFile).subarray(from).toString('utf8');
  return [...text.matchAll(/plan:\n(\t?\{[\s\S]*?\n\t?\})\n/g)].map(([, json = '{}']) => {
    const entry = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    return { query: entry['Query Text'], plan: entry.Plan };
  });
}

/** Which big tables the plans read from end to end, with the statement. */
export function fullReads(plans: readonly ExecutedPlan[]): { table: string; query: string }[] {
  return plans.flatMap(({ query, plan }) =>
    nodesOf(plan)
      .filter((node) => node['Node Type'] === 'Seq Scan' && bigTables.includes(node['Relation Name'] ?? ''))
      .map((node) => ({ table: node['Relation Name'] ?? '', query })),
  );
}

function nodesOf(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

async function inSession(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'bench' });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
