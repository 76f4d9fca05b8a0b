import type { StackClientApp, StackServerApp } from 'stack-js-2.8.108';

/** The published SDKs that clients in the wild use, each under its own npm alias, unmodified. */
export const sdkVersions = ['2.8.102', '2.8.108'] as const;
export type SdkVersion = (typeof sdkVersions)[number];

/** What an SDK is pointed at. Without a client key the project must not require one. */
export type SdkTarget = { baseUrl: string; projectId: string; publishableClientKey?: string; secretServerKey?: string };

/** Client and server app of one SDK version, each in memory and without redirects, as a script or a test would make them. */
export type Sdk = {
  version: SdkVersion;
  createClient(target: SdkTarget): StackClientApp<true>;
  createServer(target: SdkTarget): StackServerApp<true>;
};

/** Loads one published version. One process loads one version only: their globals are not made for two. */
export async function loadSdk(version: SdkVersion): Promise<Sdk> {
  const { StackClientApp, StackServerApp } = (await import(`stack-js-${version}`)) as typeof import('stack-js-2.8.108');
  return {
    version,
    createClient: (target) =>
      new StackClientApp({
        ...common(target),
        publishableClientKey: target.publishableClientKey,
      }) as StackClientApp<true>,
    createServer: (target) =>
      new StackServerApp({
        ...common(target),
        publishableClientKey: target.publishableClientKey,
        secretServerKey: target.secretServerKey,
      }) as StackServerApp<true>,
  };
}

function common({ baseUrl, projectId }: SdkTarget) {
  return { baseUrl, projectId, tokenStore: 'memory', redirectMethod: 'none' } as const;
}
