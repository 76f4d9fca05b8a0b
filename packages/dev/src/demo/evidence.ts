import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@atlas/kit/errors';
import { repositoryRoot } from '../repository-root.ts';

const secondsMax = 90;
/** The load runner's exit when it measured and the limits were not met, as k6's. */
const thresholdsCrossed = 99;

/** What evidence scripts are told: where the stack is, and where their words go. */
export type EvidencePlace = { prefix: number; publicUrl: string; gatewayUrl: string; migrateUrl: string; logFolder: string };

/** Verifies the published SDKs' contracts on both sides. Leaves the evidence at the control plane. */
export async function verifyContracts(place: EvidencePlace): Promise<void> {
  await run('pact', ['pact/verify.ts', '--public-url', place.publicUrl], place, {}, [0]);
}

/** Asks the load question for a few seconds. Leaves the evidence at the control plane. Answers whether the limits were met; throws when it was not measured. */
export async function measureLoad(place: EvidencePlace, options: { rate: number; seconds: number }): Promise<boolean> {
  const env = { BASE_URL: place.gatewayUrl, RATE: String(options.rate), SECONDS: String(options.seconds) };
  return (await run('load', ['load/runner.ts', 'load/steady.ts'], place, env, [0, thresholdsCrossed])) === 0;
}

/** Answers the exit code, one of `expected`. */
async function run(
  name: string,
  args: string[],
  place: EvidencePlace,
  env: Record<string, string>,
  expected: readonly number[],
): Promise<number> {
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
  if (code === null || !expected.includes(code))
    throw new AppError('GATE_FAILED', { message: `${name} evidence was not given (exit ${code}): see ${file}` });
  return code;
}
