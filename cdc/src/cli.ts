import type { Side } from '@atlas/contracts/ledger';
import { readSettings, url } from '@atlas/kit/config';
import { errorText } from '@atlas/kit/errors';
import { Command } from 'commander';
import { migrateSide } from './schema/migrate.ts';
import { schemaSteps } from './schema/statements.ts';
import { sides } from './slices/mapping.ts';
import { sliceByName } from './slices.ts';

const program = new Command('cdc').description('Keeps both databases of a slice in step.');

program
  .command('migrate')
  .description('makes or updates schema strangler in both data databases; run it after the migrations of both apps')
  .requiredOption('--slice <name>', 'the slice, e.g. notifications')
  .option('--json', 'print what was done as JSON')
  .option('--dry-run', 'print the SQL instead of running it')
  .action(migrate);

program.parseAsync().catch((error) => {
  process.stderr.write(`${errorText(error)}\n`);
  process.exit(1);
});

async function migrate(options: { slice: string; json?: boolean; dryRun?: boolean }): Promise<void> {
  const mapping = sliceByName(options.slice);
  if (options.dryRun === true) {
    for (const side of sides) process.stdout.write(await dryRunText(options.slice, side));
    return;
  }
  const urls = readSettings(process.env, {
    legacy: url('CDC_LEGACY_ADMIN_DATABASE_URL'),
    extracted: url('CDC_NOTIFICATIONS_ADMIN_DATABASE_URL'),
  });
  const done: Record<string, string[]> = {};
  for (const side of sides) {
    done[side] = await migrateSide({ databaseUrl: urls[side], mapping, side });
    process.stderr.write(`${side}: ${done[side].length} steps in force\n`);
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify({ slice: options.slice, steps: done })}\n`);
}

async function dryRunText(slice: string, side: Side): Promise<string> {
  const steps = await schemaSteps(sliceByName(slice), side);
  return steps.map((step) => `-- ${side}: ${step.name}\n${step.sql}\n`).join('');
}
