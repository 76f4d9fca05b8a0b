import { statusText } from './print.ts';
import type { Verb } from './verb.ts';

export function addStatus(verb: Verb): void {
  verb('status', 'one line a slice: phase, owner, split, lag, verified when, parked, next command', async ({ open }) => {
    const report = await (await open()).api.status();
    return { json: report, text: statusText(report), code: 0, next: '' };
  });
}
