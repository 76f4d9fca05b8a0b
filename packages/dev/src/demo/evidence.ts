import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { repositoryRoot } from '../repository-root.ts';

const secondsMax = 90;

/** What evidence scripts are told: where the stack is, and where their words go. */
export type EvidencePlace = { prefix: number; publicUrl: string; gatewayUrl: string; migrateUrl: string; logFolder: string };

/** Verifies the published SDKs' contracts on both sides. Leaves the evidence at the control plane. */
export function verifyContracts(place: EvidencePlace): Promise<void> {
  return run('pact', ['pact/verify.ts', '--public-url', place.publicUrl], place, {});
}

/** Asks the load question for a few seconds. Leaves the evidence at the control plane. */
export function measureLoad(place: EvidencePlace, options: { rate: number; seconds: number }): Promise<void> {
  const env = { BASE_URL: place.gatewayUrl, RATE: String(options.rate), SECONDS: String(options.seconds) };
  return run('load', ['load/runner.ts', 'load/steady.ts'], place, env);
}

async function run(name: string, args: string[], place: EvidencePlace, env: Record<string, string>): Promise<void> {
  const file = join(place.logFolder, `${name}.log`);
  const log = openSync(file, 'w');
  const child = spawn(process.execPath, args, {
    cwd: repositoryRoot,
    env: { ...process.env, NEXT_PUBLIC_STACK_PORT_PREFIX: String(place.prefix), MIGRATE_URL: place.migrateUrl, ...env },
    stdio: ['ignore', log, log],
    timeout: secondsMax * 1000,
    killSignal: 'SIGKILL',
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  if (code !== 0) throw new AppError('GATE_FAILED', { message: `${name} evidence was not given (exit ${code}): see ${file}` });
}
