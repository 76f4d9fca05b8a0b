import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SdkTarget, SdkVersion } from './sdk.ts';
import type { Transcript } from './transcript.ts';

const secondsMax = 60;

/** Runs the whole scenario with one unmodified SDK version in a process of its own. Throws with its last words when it fails. */
export async function runScenario(version: SdkVersion, target: SdkTarget): Promise<Transcript> {
  const settings = { version, target, run: randomBytes(5).toString('hex') };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sdk-scenario.child.ts')], {
    env: { ...process.env, ATLAS_SCENARIO: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: secondsMax * 1000,
    killSignal: 'SIGKILL',
  });
  const [out, err, code] = await Promise.all([read(child.stdout), read(child.stderr), ended(child)]);
  if (code !== 0) throw new Error(`the scenario with ${version} against ${target.baseUrl} ended with ${code}: ${err.slice(-2000)}`);
  return JSON.parse(out) as Transcript;
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function ended(child: ReturnType<typeof spawn>): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
}
