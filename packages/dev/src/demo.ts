import { writeFileSync } from 'node:fs';
import { errorText } from '@atlas/kit/errors';
import { attachStack } from './attach.ts';
import { type DemoArguments, parseDemoArguments, usage } from './demo/arguments.ts';
import { closingText, figuresJson, isGood } from './demo/closing.ts';
import { Progress } from './demo/progress.ts';
import { runDemo } from './demo/run-demo.ts';
import { partChecklist } from './part-checklist.ts';
import type { Stack } from './running-stack.ts';
import { startStack } from './start-stack.ts';

/** Exit codes: 0 everything asked for was shown and nobody was harmed, 1 not, 2 not understood. */
async function main(args: string[]): Promise<number> {
  const asked = parseDemoArguments(args);
  if ('mistake' in asked) {
    process.stderr.write(`${asked.mistake}\n${usage}\n`);
    return 2;
  }
  let stack: Stack | undefined;
  try {
    stack = asked.isShort ? attachStack() : await bringUp();
    return await show(stack, asked);
  } catch (error) {
    process.stderr.write(`\n${errorText(error)}\n`);
    return 1;
  } finally {
    if (!asked.isShort && !asked.isKept) await stack?.stop();
  }
}

async function bringUp(): Promise<Stack> {
  const list = partChecklist();
  return startStack({ onEvent: list.onEvent }).finally(() => list.close());
}

async function show(stack: Stack, { isShort, isKept, jsonFile }: DemoArguments): Promise<number> {
  const result = await runDemo({ stack, progress: new Progress(), isShort, isKept: isKept || isShort });
  process.stderr.write(process.stderr.isTTY ? '\r\u001b[2K\n' : '\n');
  process.stdout.write(`${closingText(result)}\n`);
  for (const { kind, text } of result.audit.details.slice(0, 10)) process.stdout.write(`  ${kind}: ${text}\n`);
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(figuresJson(result), null, 2)}\n`);
  return isGood(result, isShort ? { flips: 1, reversals: 0 } : { flips: 2, reversals: 1 }) ? 0 : 1;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
