import { join } from 'node:path';
import { AppError, errorText } from '@atlas/kit/errors';
import { attachStack } from './attach.ts';
import { developmentKeys } from './demo/clients.ts';
import { Control } from './demo/control.ts';
import { partChecklist } from './part-checklist.ts';
import { prepare } from './prepare.ts';
import type { Stack } from './running-stack.ts';
import { parseCompatArguments, usage } from './sdk-compat/arguments.ts';
import { isGood, type Row } from './sdk-compat/judge.ts';
import { runCompat } from './sdk-compat/run-compat.ts';
import { tableText } from './sdk-compat/table.ts';
import { stackSettings } from './stack-settings.ts';
import { startStack } from './start-stack.ts';

const slice = 'notifications';

/** Every call of both published SDK versions on a running stack, directly and through its gateway. */
export function compareSdks(stack: Stack): Promise<Row[]> {
  const { urls } = stack;
  return runCompat({
    publicUrl: urls.public,
    gatewayUrl: urls.gateway,
    legacyUrl: urls.legacy,
    mailboxUrl: urls.mailbox,
    publishableClientKey: developmentKeys.publishableClientKey,
  });
}

/** `pnpm sdk:compat`. Exit codes: 0 every call works at both doors in the same way, 1 not, 2 not understood. */
async function main(args: string[]): Promise<number> {
  const asked = parseCompatArguments(args);
  if ('mistake' in asked) {
    process.stderr.write(`${asked.mistake}\n${usage}\n`);
    return 2;
  }
  let started: Stack | undefined;
  try {
    const running = await runningStack(asked.isAttached);
    started = running === undefined ? await bringUp() : undefined;
    const stack = running ?? started ?? attachStack();
    await requireLegacyOwns(stack);
    const rows = await compareSdks(stack);
    process.stdout.write(`${asked.isJson ? JSON.stringify(rows, null, 2) : tableText(rows)}\n`);
    return isGood(rows) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return 1;
  } finally {
    await started?.stop();
  }
}

/** The stack that runs, if all that is needed is up. With `isRequired`, it is an error when none was started. */
async function runningStack(isRequired: boolean): Promise<Stack | undefined> {
  try {
    const stack = attachStack();
    const gateway = (await stack.status()).find(({ part }) => part === 'gateway');
    if (isRequired || gateway?.state === 'up') return stack;
  } catch (error) {
    if (isRequired) throw error;
  }
  return undefined;
}

/** A legacy that no longer owns a slice refuses its writes, rightly: then only the gateway is a door to compare. */
async function requireLegacyOwns(stack: Stack): Promise<void> {
  const { owner } = await new Control(stack.urls.migrate, slice).status();
  if (owner === 'legacy') return;
  throw new AppError('NOT_OWNER', { message: `the service owns ${slice}. Give it back first: pnpm migrate reverse ${slice}` });
}

async function bringUp(): Promise<Stack> {
  const list = partChecklist();
  await prepare(join(stackSettings(process.env).stateDir, 'cache'));
  return startStack({ onEvent: list.onEvent }).finally(() => list.close());
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
