import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { waitFor } from '@atlas/kit/testing';
import { repositoryRoot } from '../../src/repository-root.ts';
import type { SdkTarget } from '../../src/scenario/sdk.ts';

const folder = join(repositoryRoot, 'packages/dev/sdk-page');

/** Starts the customer's app for one project at one door. It must have been built: `npm test` does. */
export async function startPage(target: Required<SdkTarget>): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const child = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-H', '127.0.0.1', '-p', String(port)], {
    cwd: folder,
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      SDK_PAGE_API_URL: target.baseUrl,
      SDK_PAGE_PROJECT_ID: target.projectId,
      SDK_PAGE_CLIENT_KEY: target.publishableClientKey,
      SDK_PAGE_SERVER_KEY: target.secretServerKey,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-4000);
    });
  const url = `http://localhost:${port}`;
  await waitFor('the customer’s app', () => isUp(url, child, () => output));
  return { url, stop: () => stop(child) };
}

async function isUp(url: string, child: ChildProcess, output: () => string): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`the customer’s app ended with ${child.exitCode}: ${output()}`);
  return fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status === 200,
    () => false,
  );
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    if (!child.kill('SIGTERM')) resolve();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
