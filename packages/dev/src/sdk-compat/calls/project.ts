import type { StackAdminApp } from 'stack-js-2.8.108';
import type { Sdk, SdkTarget } from '../../scenario/sdk.ts';
import { must } from '../caller.ts';
import { password } from '../world.ts';

const config = {
  signUpEnabled: true,
  credentialEnabled: true,
  magicLinkEnabled: true,
  passkeyEnabled: true,
  clientTeamCreationEnabled: true,
  clientUserDeletionEnabled: true,
  allowLocalhost: true,
  allowUserApiKeys: true,
  allowTeamApiKeys: true,
  createTeamOnSignUp: false,
  oauthProviders: [
    { id: 'github', type: 'standard', clientId: 'MOCK', clientSecret: 'MOCK' },
    { id: 'google', type: 'shared' },
  ],
} as const;

/** Makes one named call; what it gave, or undefined when it failed. */
export type Call = <T>(name: string, run: () => Promise<T>) => Promise<T | undefined>;

/** What a developer does first: sign up at the dashboard's project, make a project with everything on, and keys for it. */
export async function makeProject(
  deps: { sdk: Sdk; call: Call; run: string },
  dashboard: SdkTarget,
): Promise<{ target: Required<SdkTarget>; admin: StackAdminApp<true>; remove: () => Promise<void> }> {
  const { sdk, call, run } = deps;
  const app = sdk.createClient(dashboard);
  const email = `owner-${run}@example.com`;
  const signedUp = await app.signUpWithCredential({ email, password, noVerificationCallback: true, noRedirect: true });
  if (signedUp.status === 'error') throw signedUp.error;
  const owner = await app.getUser({ or: 'throw' });
  if (!('createProject' in owner)) throw new Error('the dashboard’s project is not "internal"');
  const internalOwner = owner as typeof owner & InternalOwner;
  const teamId = must(owner.selectedTeam, 'team of the owner').id;
  const project = await call('owner.createProject', () =>
    internalOwner.createProject({ displayName: 'Compatibility', description: 'made by a run', teamId, config: structuredClone(config) }),
  );
  await call('owner.listOwnedProjects', async () => (await internalOwner.listOwnedProjects()).map(({ displayName }) => displayName));
  const owned = must(project, 'project');
  await call('ownedProject.updateConfig', () => owned.updateConfig({ 'dataVault.stores.vault': { displayName: 'Vault' } }));
  const keys = await call('ownedProject.app.createInternalApiKey', () =>
    owned.app.createInternalApiKey({
      description: 'all keys',
      expiresAt: new Date(Date.now() + 24 * 3600 * 1000),
      hasPublishableClientKey: true,
      hasSecretServerKey: true,
      hasSuperSecretAdminKey: true,
    }),
  );
  const target = {
    baseUrl: dashboard.baseUrl,
    projectId: owned.id,
    publishableClientKey: must(keys?.publishableClientKey, 'client key'),
    secretServerKey: must(keys?.secretServerKey, 'server key'),
    superSecretAdminKey: must(keys?.superSecretAdminKey, 'admin key'),
  };
  return { target, admin: sdk.createAdmin(target), remove: () => owned.delete() };
}

type Owned = Awaited<ReturnType<InternalOwner['createProject']>>;
type InternalOwner = {
  createProject(project: object): Promise<import('stack-js-2.8.108').AdminOwnedProject>;
  listOwnedProjects(): Promise<Owned[]>;
};
