import { importRegistry } from './admin.ts';

// `node flags/src/import.ts` with UNLEASH_URL, UNLEASH_ADMIN_TOKEN and, if it is not `development`, UNLEASH_ENVIRONMENT.
if (import.meta.main) await main();

async function main(): Promise<void> {
  const url = process.env['UNLEASH_URL'];
  const adminToken = process.env['UNLEASH_ADMIN_TOKEN'];
  if (!url || !adminToken) {
    console.error('UNLEASH_URL and UNLEASH_ADMIN_TOKEN are needed');
    process.exit(2);
  }
  const environment = process.env['UNLEASH_ENVIRONMENT'];
  try {
    const result = await importRegistry({ url: url.replace(/\/$/, ''), adminToken, ...(environment ? { environment } : {}) });
    console.log(JSON.stringify(result));
  } catch (error) {
    console.error(`flags not imported: ${(error as Error).message}`);
    process.exit(1);
  }
}
