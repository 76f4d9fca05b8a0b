import type { Verb } from './verb.ts';

export function addGateway(verb: Verb): void {
  verb(
    'gateway <action> <id>',
    'forget: removes a gateway that will not come back, so that flips go on',
    async ({ open }, action: string, id: string, options: { processIsGone?: boolean }) => {
      if (action !== 'forget')
        return {
          json: { error: 'unknown action' },
          text: `unknown action "${action}"; there is: forget`,
          code: 2,
          next: `pnpm migrate gateway forget ${id}`,
        };
      await (await open()).api.forgetGateway(id, options.processIsGone === true);
      return { json: { forgotten: id }, text: `gateway ${id} is forgotten`, code: 0, next: 'pnpm migrate status' };
    },
  ).option('--process-is-gone', 'you have seen that its process is dead: do not wait until it must be blind');
}
