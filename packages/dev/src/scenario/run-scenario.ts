import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SdkTarget, SdkVersion } from './sdk.ts';
import { runSdkChild } from './sdk-child.ts';
import type { Transcript } from './transcript.ts';

const secondsMax = 60;

/** Runs the whole scenario with one unmodified SDK version in a process of its own. Throws with its last words when it fails. */
export function runScenario(version: SdkVersion, target: SdkTarget): Promise<Transcript> {
  const settings = { version, target, run: randomBytes(5).toString('hex') };
  return runSdkChild<Transcript>(join(import.meta.dirname, 'sdk-scenario.child.ts'), settings, secondsMax);
}
