import pg from 'pg';

/** A statement of the legacy under test, as it went to PostgreSQL; what a transaction costs besides counts too. */
export type Statement = string;

/** Which statements some work sends to the database, in their order. Only those of the legacy itself: the tests' own connections do not count. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = [];
  const original = pg.Client.prototype.query;
  pg.Client.prototype.query = function counted(this: pg.Client, ...args: unknown[]) {
    if (nameOf(this) === 'legacy') statements.push(textOf(args[0]));
    return Reflect.apply(original, this, args);
  } as typeof original;
  try {
    await work();
  } finally {
    pg.Client.prototype.query = original;
  }
  return statements;
}

function nameOf(client: pg.Client): string | undefined {
  return (client as unknown as { connectionParameters: { application_name?: string } }).connectionParameters.application_name;
}

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : String((query as { text?: unknown }).text);
}
