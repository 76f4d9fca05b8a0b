import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { port as portSetting, readSettings, text } from '@atlas/kit/config';
import { postgresFlags } from '@atlas/kit/embedded-postgres';
import { AppError } from '@atlas/kit/errors';
import { isReachableByOthers, postgresHome } from '../postgres-home.ts';

type Binaries = { postgres: string; initdb: string };
type Owner = { uid: number; gid: number };

/** Makes the data directory when it is missing, gives up root, and becomes the PostgreSQL server: the part's pid is the postmaster's. */
const settings = readSettings(process.env, {
  port: portSetting('POSTGRES_PORT'),
  stateDir: text('POSTGRES_STATE_DIR'),
  password: text('POSTGRES_PASSWORD'),
});
const owner = process.getuid?.() === 0 ? postgresUser() : undefined;
const home = postgresHome(settings.stateDir);
const binaries = await reachableBinaries(owner, home);
const dataDir = join(home, 'pg');
prepareDataDir(dataDir, binaries, owner);
becomeServer(binaries.postgres, dataDir, owner);

function prepareDataDir(dataDir: string, { initdb }: Binaries, owner: Owner | undefined): void {
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(dataDir, owner.uid, owner.gid);
  const passwordFile = join(dirname(dataDir), `.password-${randomBytes(6).toString('hex')}`);
  writeFileSync(passwordFile, `${settings.password}\n`, { mode: 0o600 });
  if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid);
  try {
    const flags = ['--auth=scram-sha-256', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'];
    const provider = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    execFileSync(initdb, [`--pgdata=${dataDir}`, `--pwfile=${passwordFile}`, ...flags, ...provider], { ...owner, stdio: 'inherit' });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function becomeServer(postgres: string, dataDir: string, owner: Owner | undefined): void {
  if (owner !== undefined) {
    process.setgroups?.([owner.gid]);
    process.setgid?.(owner.gid);
    process.setuid?.(owner.uid);
  }
  process.chdir(dataDir);
  const flags = ['-D', dataDir, '-p', String(settings.port), '-c', 'unix_socket_directories=', ...postgresFlags];
  process.execve?.(postgres, [postgres, ...flags], { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' });
}

/** The server refuses to run as root: it runs as the system user `postgres`, made when missing. */
function postgresUser(): Owner {
  try {
    return idsOf('postgres');
  } catch {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', '--user-group', 'postgres']);
    return idsOf('postgres');
  }
}

function idsOf(user: string): Owner {
  const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  return { uid: id('-u'), gid: id('-g') };
}

/** The binaries of this platform; copied beside the data when the system user cannot reach the installed ones (a checkout below /root). */
async function reachableBinaries(owner: Owner | undefined, home: string): Promise<Binaries> {
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
    const entry = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres'))).resolve(platform);
    const { postgres, initdb } = (await import(pathToFileURL(entry).href)) as Binaries;
    for (const binary of [postgres, initdb]) chmodSync(binary, 0o755);
    return { postgres, initdb };
  } catch (error) {
    throw new AppError('PART_FAILED', { message: `there is no PostgreSQL server for this platform (${platform})` }, error);
  }
}
