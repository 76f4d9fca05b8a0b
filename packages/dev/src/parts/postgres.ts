import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { port, readSettings, text } from '@atlas/kit/config';
import { postgresArguments, preparePostgresServer } from '@atlas/kit/postgres-server';
import { identify } from '../supervisor/process-table.ts';

/** Makes the data directory when it is missing, gives up root, and becomes the PostgreSQL server: the part's pid is the postmaster's. */
const settings = readSettings(process.env, {
  port: port('POSTGRES_PORT'),
  stateDir: text('POSTGRES_STATE_DIR'),
  password: text('POSTGRES_PASSWORD'),
});
const server = await preparePostgresServer(settings.stateDir, settings.password);
removeLockOfDead(join(server.dataDir, 'postmaster.pid'));
if (server.owner !== undefined) {
  process.setgroups?.([server.owner.gid]);
  process.setgid?.(server.owner.gid);
  process.setuid?.(server.owner.uid);
}
process.chdir(server.dataDir);
process.execve?.(server.postgres, [server.postgres, ...postgresArguments(server, settings.port)], {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  TZ: 'UTC',
});

/** A server that was killed leaves its lock file; the new one believes it while the old pid is a zombie that nobody has collected yet. */
function removeLockOfDead(file: string): void {
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (identify(pid) === undefined) rmSync(file, { force: true });
}
