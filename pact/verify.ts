import { parseArgs } from 'node:util';
import { errorText } from '@atlas/kit/errors';
import { assertLegacyOwns, postEvidence, readContents } from './evidence.ts';
import { startService } from './providers/service.ts';
import { signUpAt } from './providers/states.ts';
import { type ProviderResult, verifyProvider } from './providers/verify-provider.ts';

const usage = `usage: pnpm --filter @atlas/pact verify [options]      verifies every consumer's contract on the legacy and on the service
  --legacy URL       the legacy (default: the stack's, by NEXT_PUBLIC_STACK_PORT_PREFIX)
  --service URL      the running service, asked which build it is
  --database URL     a superuser's, for the service's own database while it is verified
  --public-url URL   issuer of the tokens
  --no-evidence      only look; otherwise the result goes to the control plane at MIGRATE_URL
  --json             the result as JSON on stdout`;

// Exit codes: 0 both sides keep every contract, 1 not, or it could not be found out, 2 not understood.
if (import.meta.main) process.exit(await main());

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const bool = { type: 'boolean' } as const;
  const options = { legacy: text, service: text, database: text, 'public-url': text, 'no-evidence': bool, json: bool, help: bool };
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const prefix = process.env['NEXT_PUBLIC_STACK_PORT_PREFIX'] ?? '81';
  const local = (ending: string) => `http://127.0.0.1:${prefix}${ending}`;
  try {
    const results = await verifyBoth({
      legacy: values.legacy ?? local('03'),
      service: values.service ?? local('04'),
      database: values.database ?? `postgres://postgres:postgres@127.0.0.1:${prefix}28/postgres`,
      publicUrl: values['public-url'] ?? `http://localhost:${prefix}02`,
      serviceToken: process.env['LEGACY_SERVICE_TOKEN'] ?? 'atlas-development-legacy-service-token',
      migrate: values['no-evidence'] ? undefined : (process.env['MIGRATE_URL'] ?? local('08')),
    });
    if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
    for (const result of results) process.stderr.write(`${lineOf(result)}\n`);
    return results.every((result) => result.verdict === 'pass') ? 0 : 1;
  } catch (error) {
    process.stderr.write(`not verified: ${errorText(error)}\n`);
    return 1;
  }
}

type Where = { legacy: string; service: string; database: string; publicUrl: string; serviceToken: string; migrate: string | undefined };

/** Both providers, one after the other, with users of the legacy; then the evidence, with the builds that run. */
async function verifyBoth(where: Where): Promise<ProviderResult[]> {
  if (where.migrate !== undefined) await assertLegacyOwns(where.migrate);
  const signUp = () => signUpAt(where.legacy);
  const legacy = await verifyProvider({ provider: 'legacy', url: where.legacy, signUp });
  const own = { adminDatabaseUrl: where.database, keyOwnerUrl: where.legacy, serviceToken: where.serviceToken, publicUrl: where.publicUrl };
  const service = await startService(own);
  const extracted = await verifyProvider({ provider: 'extracted', url: service.url, signUp }).finally(() => service.close());
  const results = [legacy, extracted];
  if (where.migrate !== undefined) await postEvidence(where.migrate, results, await readContents(where));
  return results;
}

function lineOf({ provider, contracts }: ProviderResult): string {
  const words = contracts.map(({ consumer, verdict, error }) => `${consumer} ${verdict}${error === '' ? '' : ` (${error})`}`);
  return `${provider.padEnd(10)} ${words.join(' · ') || 'no contract found'}`;
}
