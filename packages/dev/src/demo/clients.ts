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

/**
 * One process for each published SDK version. Together a second: 16 mails, 6 changes of preference, and a person or two who sign up, make a
 * team, sign in with a provider or are deleted: more than 1,000 writes in 50 s, and about as much as two cores can do beside the stack.
 */
export function demoClients(options: { baseUrl: string; run: string; folder: string }): TrafficSettings[] {
  return sdkVersions.map((version) => ({
    version,
    target: { baseUrl: options.baseUrl, ...developmentKeys },
    client: `sdk-${version}`,
    run: options.run,
    folder: options.folder,
    users: 6,
    mailsPerSecond: 8,
    preferencesPerSecond: 3,
    signUpsPerSecond: 0.2,
    teamsPerSecond: 0.15,
    deletionsPerSecond: 0.15,
    providerSignInsPerSecond: 0.1,
    providerTarget: { baseUrl: options.baseUrl, ...demoProjectKeys },
  }));
}
