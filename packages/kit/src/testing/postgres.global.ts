import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { roleStatements } from '../embedded-postgres.ts';
import { AppError } from '../errors.ts';
import { postgresArguments, preparePostgresServer } from '../postgres-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

const startMsMax = 30_000;

/** Vitest's global set-up of the `int` project: one real PostgreSQL 18 for the run, thrown away after it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-int-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`;
  const server = await preparePostgresServer(folder, 'postgres');
  const child = spawn(server.postgres, [...postgresArguments(server, port), '-c', 'fsync=off'], { ...server.owner, stdio: 'ignore' });
  const end = () => child.kill('SIGQUIT');
  process.once('exit', end);
  await createRoles(url, child);
  project.provide('postgresUrl', url);
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    end();
    await ended;
    process.off('exit', end);
    await rm(folder, { recursive: true, force: true });
  };
}

/** Asks until the server answers, then makes the roles of the stack. */
async function createRoles(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + startMsMax;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {}); // the failed query or connect below says the same
    try {
      await client.connect();
      await client.query(roleStatements('atlas').join(';\n'));
      await client.end();
      return;
    } catch (error) {
      await client.end().catch(() => {});
      if (child.exitCode !== null || performance.now() > deadline)
        throw new AppError('PART_FAILED', { message: 'the test server does not start' }, error);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new AppError('INTERNAL', { message: 'no free port' });
  return address.port;
}
