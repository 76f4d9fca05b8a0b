import type { Side } from '@atlas/contracts/ledger';
import { readSettings, url } from '@atlas/kit/config';
import { AppError, errorText } from '@atlas/kit/errors';
import { Command } from 'commander';
import { ConnectClient } from './connect/client.ts';
import { flowsOf } from './flows.ts';
import { reseed } from './reseed.ts';
import { migrateSide } from './schema/migrate.ts';
import { schemaSteps } from './schema/statements.ts';
import { sides } from './slices/mapping.ts';
import { sliceByName, slices } from './slices.ts';

const adminUrls = { legacy: url('CDC_LEGACY_ADMIN_DATABASE_URL'), extracted: url('CDC_NOTIFICATIONS_ADMIN_DATABASE_URL') };

const program = new Command('cdc').description('Keeps both databases of a slice in step.');

program
  .command('migrate')
  .description('makes or updates schema strangler in both data databases; run it after the migrations of both apps')
  .requiredOption('--slice <name>', 'the slice, e.g. notifications')
  .option('--json', 'print what was done as JSON')
  .option('--dry-run', 'print the SQL instead of running it')
  .action(migrate);

program
  .command('reseed')
  .description('begins a flow anew after STREAM_GAP: new incarnation, slot and topic; follow it with a backfill and a full verify')
  .requiredOption('--flow <id>', 'f.<slice> or r.<slice>')
  .option('--json', 'print what was done as JSON')
  .action(runReseed);

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
  const urls = readSettings(process.env, adminUrls);
  const done: Record<string, string[]> = {};
  for (const side of sides) {
    done[side] = await migrateSide({ databaseUrl: urls[side], mapping, side });
    process.stderr.write(`${side}: ${done[side].length} steps in force\n`);
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify({ slice: options.slice, steps: done })}\n`);
}

async function runReseed(options: { flow: string; json?: boolean }): Promise<void> {
  const flow = slices.flatMap(flowsOf).find((candidate) => candidate.id === options.flow);
  if (flow === undefined) throw new AppError('NOT_FOUND', { message: `no flow "${options.flow}"` });
  const { connectUrl, ...urls } = readSettings(process.env, { ...adminUrls, connectUrl: url('CONNECT_URL') });
  const done = await reseed(flow, { sourceUrl: urls[flow.source], targetUrl: urls[flow.target], connect: new ConnectClient(connectUrl) });
  process.stderr.write(`${done.removed} is gone; incarnation ${done.incarnation} begins within seconds of a running cdc\n`);
  process.stderr.write(
    `next: POST /flows/${flow.id}/resume if its applier has stopped, then /flows/${flow.id}/backfill {"tenant":"*","epoch":<the unit's>} if ${flow.source} owns it, then POST /verify\n`,
  );
  if (options.json === true) process.stdout.write(`${JSON.stringify(done)}\n`);
}

async function dryRunText(slice: string, side: Side): Promise<string> {
  const steps = await schemaSteps(sliceByName(slice), side);
  return steps.map((step) => `-- ${side}: ${step.name}\n${step.sql}\n`).join('');
}
