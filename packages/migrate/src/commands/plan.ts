import { mistakeLines, readPlanFile } from '../plan-file.ts';
import type { Verb } from './verb.ts';

/** Needs neither server nor database. */
export function addPlan(verb: Verb): void {
  verb('plan', 'checks migration-plan.md and lists every mistake with its line', async ({ cli }, options: { file?: string }) => {
    const file = options.file ?? cli.env['MIGRATE_PLAN'] ?? 'migration-plan.md';
    const read = await readPlanFile(file);
    if ('mistakes' in read) {
      const next = `correct ${file} and ask again: pnpm migrate plan`;
      return { json: { valid: false, mistakes: read.mistakes }, text: mistakeLines(file, read.mistakes), code: 1, next };
    }
    const slices = read.plan.slices.map(
      (slice) => `${slice.slice}: ${slice.routes.length} routes, canary ${slice.canary.steps.join(', ')} %`,
    );
    return {
      json: { valid: true, plan: read.plan },
      text: [`${file} is valid`, ...slices].join('\n'),
      code: 0,
      next: 'pnpm migrate status',
    };
  }).option('--file <path>', 'another file than MIGRATE_PLAN');
}
