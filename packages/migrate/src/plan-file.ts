import { readFile } from 'node:fs/promises';
import type { Plan, PlanMistake } from '@atlas/contracts/plan';
import { AppError } from '@atlas/kit/errors';
import { parsePlan } from '@atlas/kit/plan';

/** The plan file as it stands: a plan, or every mistake with its line. Throws PLAN_INVALID when it cannot be read at all. */
export async function readPlanFile(file: string): Promise<{ plan: Plan } | { mistakes: PlanMistake[] }> {
  let markdown: string;
  try {
    markdown = await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('PLAN_INVALID', { message: `${file} cannot be read; set MIGRATE_PLAN` }, error);
  }
  return parsePlan(markdown);
}

/** Mistakes as `file:line message`, one a line. */
export function mistakeLines(file: string, mistakes: readonly PlanMistake[]): string {
  return mistakes.map(({ line, message }) => `${file}:${line} ${message}`).join('\n');
}
