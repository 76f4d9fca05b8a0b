import { port, readSettings, text } from '@atlas/kit/config';
import { postgresArguments, preparePostgresServer } from '@atlas/kit/postgres-server';

/** Makes the data directory when it is missing, gives up root, and becomes the PostgreSQL server: the part's pid is the postmaster's. */
const settings = readSettings(process.env, {
  port: port('POSTGRES_PORT'),
  stateDir: text('POSTGRES_STATE_DIR'),
  password: text('POSTGRES_PASSWORD'),
});
const server = await preparePostgresServer(settings.stateDir, settings.password);
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
