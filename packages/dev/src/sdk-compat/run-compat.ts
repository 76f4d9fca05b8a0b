import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type SdkTarget, type SdkVersion, sdkVersions } from '../scenario/sdk.ts';
import { runSdkChild } from '../scenario/sdk-child.ts';
import type { CallRecord } from './call.ts';
import { judge, type Row } from './judge.ts';
import { readTrace } from './traces.ts';

const secondsMax = 300;

/** One run: one SDK version at one door. `dashboard` is the project `internal` reached by that door. */
export type CompatSettings = { version: SdkVersion; run: string; publicUrl: string; mailboxUrl: string; dashboard: SdkTarget };

/** Where a stack is: the API as clients know it, its two doors, its mailbox, and the client key of its project `internal`. */
export type CompatPlace = { publicUrl: string; gatewayUrl: string; legacyUrl: string; mailboxUrl: string; publishableClientKey: string };

/**
 * Every call of both published SDK versions, at the legacy itself and through the gateway, each run with a project of its own.
 * Throws when a run cannot come to its end; a call that fails is a row.
 */
export async function runCompat(place: CompatPlace): Promise<Row[]> {
  const rows = await Promise.all(
    sdkVersions.map(async (version) => {
      const [direct, gateway] = await Promise.all([runAt(version, place, place.legacyUrl), runAt(version, place, place.gatewayUrl)]);
      return judge({ version, direct, gateway, trace: readTrace(version) });
    }),
  );
  return rows.flat();
}

function runAt(version: SdkVersion, place: CompatPlace, baseUrl: string): Promise<CallRecord[]> {
  const { publicUrl, mailboxUrl, publishableClientKey } = place;
  const dashboard = { baseUrl, projectId: 'internal', publishableClientKey };
  const settings: CompatSettings = { version, run: randomBytes(5).toString('hex'), publicUrl, mailboxUrl, dashboard };
  return runSdkChild(join(import.meta.dirname, 'compat.child.ts'), settings, secondsMax);
}
