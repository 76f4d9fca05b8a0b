import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { postgresFlags } from './embedded-postgres.ts';
import { AppError } from './errors.ts';

/** A PostgreSQL server of this platform, ready to be started: its binaries, its data directory, and as whom it runs (undefined: as we are). */
export type PostgresServer = { postgres: string; dataDir: string; owner: { uid: number; gid: number } | undefined };
type Binaries = { postgres: string; initdb: string };

/**
 * Makes a data directory `pg` below `folder` when it is missing (superuser `postgres`). As root, the server belongs to the system user
 * `postgres`, made when missing; what that user cannot reach (a checkout below /root) is put below /var/tmp instead, see `postgresHome`.
 */
export async function preparePostgresServer(folder: string, password: string): Promise<PostgresServer> {
  const owner = isRoot() ? postgresUser() : undefined;
  const home = postgresHome(folder);
  mkdirSync(home, { recursive: true });
  const { postgres, initdb } = await reachableBinaries(owner, home);
  const server = { postgres, dataDir: join(home, 'pg'), owner };
  if (!existsSync(join(server.dataDir, 'PG_VERSION'))) initialise(initdb, server, password);
  return server;
}

/** The arguments of `postgres`: loopback only, no socket file, and the settings that the protocol needs. */
export function postgresArguments(server: PostgresServer, port: number): string[] {
  return ['-D', server.dataDir, '-p', String(port), '-c', 'unix_socket_directories=', ...postgresFlags];
}

/** Where the data for `folder` really is: there, or below /var/tmp in a folder named after it. */
export function postgresHome(folder: string): string {
  if (!isRoot() || isReachableByOthers(folder)) return folder;
  return join('/var/tmp', `atlas-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 12)}`);
}

function initialise(initdb: string, { dataDir, owner }: PostgresServer, password: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const passwordFile = join(dirname(dataDir), `.password-${randomBytes(6).toString('hex')}`);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner !== undefined) for (const path of [dataDir, passwordFile]) chownSync(path, owner.uid, owner.gid);
  try {
    const flags = ['--auth=scram-sha-256', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    // PostgreSQL's own C.UTF-8: the same order of text on every machine, whatever locales it has.
    const provider = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    execFileSync(initdb, [`--pgdata=${dataDir}`, `--pwfile=${passwordFile}`, ...flags, ...provider], {
      ...owner,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** The binaries of this platform; copied beside the data (59 MB) when the system user cannot reach the installed ones. */
async function reachableBinaries(owner: PostgresServer['owner'], home: string): Promise<Binaries> {
  const installed = await installedBinaries();
  if (owner === undefined || isReachableByOthers(dirname(installed.postgres))) return installed;
  const native = join(home, 'native');
  if (!existsSync(join(native, 'bin', 'postgres')))
    cpSync(dirname(dirname(installed.postgres)), native, { recursive: true, verbatimSymlinks: true });
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

async function installedBinaries(): Promise<Binaries> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(platform);
    const { postgres, initdb } = (await import(pathToFileURL(entry).href)) as Binaries;
    for (const binary of [postgres, initdb]) chmodSync(binary, 0o755);
    return { postgres, initdb };
  } catch (error) {
    throw new AppError('PART_FAILED', { message: `there is no PostgreSQL server for this platform (${platform})` }, error);
  }
}

/** PostgreSQL refuses to run as root. */
function postgresUser(): { uid: number; gid: number } {
  try {
    return idsOf('postgres');
  } catch {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', '--user-group', 'postgres']);
    return idsOf('postgres');
  }
}

function idsOf(user: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  return { uid: id('-u'), gid: id('-g') };
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Whether every existing folder on the way to `path` lets other users through. */
function isReachableByOthers(path: string): boolean {
  const folder = resolve(path);
  const isOpen = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  const parent = dirname(folder);
  return isOpen && (parent === folder || isReachableByOthers(parent));
}
