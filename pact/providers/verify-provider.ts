import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '@atlas/kit/errors';
import { Verifier } from '@pact-foundation/pact';
import { createStates, type Person } from './states.ts';

/** What a provider was found to be, contract by contract. `output` is what Pact printed, its own words for what differs. */
export type ProviderResult = {
  provider: string;
  verdict: 'pass' | 'fail';
  contracts: { consumer: string; verdict: 'pass' | 'fail'; error: string }[];
};

const folder = join(import.meta.dirname, '../pacts');
const timeoutMs = 30_000;

/** Replays every committed contract against one provider at `url`, with users made by `signUp`. */
export async function verifyProvider(options: { provider: string; url: string; signUp(): Promise<Person> }): Promise<ProviderResult> {
  const contracts: ProviderResult['contracts'] = [];
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    contracts.push({ consumer: file.replace('-notifications.json', ''), ...(await verifyOne(options, join(folder, file))) });
  }
  const verdict = contracts.length > 0 && contracts.every((contract) => contract.verdict === 'pass') ? 'pass' : 'fail';
  return { provider: options.provider, verdict, contracts };
}

async function verifyOne(
  options: { url: string; signUp(): Promise<Person> },
  file: string,
): Promise<{ verdict: 'pass' | 'fail'; error: string }> {
  const verifier = new Verifier({
    providerBaseUrl: options.url,
    provider: 'notifications',
    pactUrls: [file],
    stateHandlers: createStates({ signUp: options.signUp, providerUrl: options.url }),
    requestFilter: (request: { headers: Record<string, unknown> }, _response: unknown, next: () => void) => {
      request.headers = asGatewaySends(request.headers);
      next();
    },
    timeout: timeoutMs,
    logLevel: 'error',
  });
  try {
    await verifier.verifyProvider();
    return { verdict: 'pass', error: '' };
  } catch (error) {
    return { verdict: 'fail', error: errorText(error) };
  }
}

/** 2.8.108 and newer send `x-hexclave-*`; the gateway, which stands before every provider, renames them. */
function asGatewaySends(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace(/^x-hexclave-/, 'x-stack-'), value]));
}
