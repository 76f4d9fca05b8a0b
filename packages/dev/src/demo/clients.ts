import { sdkVersions } from '../scenario/sdk.ts';
import type { TrafficSettings } from './traffic/settings.ts';

/** Keys of project `internal` in development; a production start of the legacy refuses them. */
export const developmentKeys = {
  projectId: 'internal',
  publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-secret-server-key-is-for-local-development-only',
};

/** Keys of the seeded demo project, whose sign-in providers are the development provider. */
export const demoProjectKeys = {
  projectId: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0001',
  publishableClientKey: 'this-demo-project-publishable-client-key-is-for-local-development-only',
};

/** One process for each published SDK version. Together a second: 22 mails, 8 changes of preference, half a sign-up, half a team's
 * life, half a deletion, and some sign-ins with a provider: more than 1,200 writes in 40 s. */
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
    teamsPerSecond: 0.25,
    deletionsPerSecond: 0.25,
    providerSignInsPerSecond: 0.2,
    providerTarget: { baseUrl: options.baseUrl, ...demoProjectKeys },
  }));
}
