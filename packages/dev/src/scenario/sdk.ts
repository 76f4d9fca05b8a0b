import type { StackAdminApp, StackClientApp, StackServerApp } from 'stack-js-2.8.108';

/** The signed-in user of a client app. */
export type CurrentUser = NonNullable<Awaited<ReturnType<StackClientApp<true>['getUser']>>>;

/** The published SDKs that clients in the wild use, each under its own npm alias, unmodified. */
export const sdkVersions = ['2.8.102', '2.8.108'] as const;
export type SdkVersion = (typeof sdkVersions)[number];

/** What an SDK is pointed at. Without a client key the project must not require one. */
export type SdkTarget = {
  baseUrl: string;
  projectId: string;
  publishableClientKey?: string;
  secretServerKey?: string;
  superSecretAdminKey?: string;
};

/** A session to begin with, where there is none in memory. */
export type SdkTokens = { accessToken: string; refreshToken: string };

/** Client, server and admin app of one SDK version, each in memory and without redirects, as a script or a test would make them. */
export type Sdk = {
  version: SdkVersion;
  createClient(target: SdkTarget, tokens?: SdkTokens): StackClientApp<true>;
  createServer(target: SdkTarget, tokens?: SdkTokens): StackServerApp<true>;
  createAdmin(target: SdkTarget): StackAdminApp<true>;
};

/** Loads one published version. One process loads one version only: their globals are not made for two. */
export async function loadSdk(version: SdkVersion): Promise<Sdk> {
  const { StackAdminApp, StackClientApp, StackServerApp } = (await import(`stack-js-${version}`)) as typeof import('stack-js-2.8.108');
  return {
    version,
    createClient: (target, tokens) => new StackClientApp(settings(target, tokens)) as StackClientApp<true>,
    createServer: (target, tokens) =>
      new StackServerApp({ ...settings(target, tokens), secretServerKey: target.secretServerKey }) as StackServerApp<true>,
    createAdmin: (target) =>
      new StackAdminApp({
        ...settings(target),
        secretServerKey: target.secretServerKey,
        superSecretAdminKey: target.superSecretAdminKey,
      }) as StackAdminApp<true>,
  };
}

function settings({ baseUrl, projectId, publishableClientKey }: SdkTarget, tokens?: SdkTokens) {
  return { baseUrl, projectId, publishableClientKey, tokenStore: tokens ?? 'memory', redirectMethod: 'none' } as const;
}
