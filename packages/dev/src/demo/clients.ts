import { sdkVersions } from '../scenario/sdk.ts';
import type { TrafficSettings } from './traffic/settings.ts';

/** Keys of project `internal` in development; a production start of the legacy refuses them. */
export const developmentKeys = {
  projectId: 'internal',
  publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-secret-server-key-is-for-local-development-only',
};

/** One process for each published SDK version. Together 22 mails, 8 changes of preference and half a sign-up a second: 1,200 writes in 40 s. */
export function demoClients(options: { baseUrl: string; run: string; folder: string }): TrafficSettings[] {
  return sdkVersions.map((version) => ({
    version,
    target: { baseUrl: options.baseUrl, ...developmentKeys },
    client: `sdk-${version}`,
    run: options.run,
    folder: options.folder,
    users: 6,
    mailsPerSecond: 11,
    preferencesPerSecond: 4,
    signUpsPerSecond: 0.25,
  }));
}
