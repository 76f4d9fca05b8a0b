import { type FollowOptions, seconds } from './follow.ts';
import { moveNow } from './move.ts';
import type { Verb } from './verb.ts';

export function addCutover(verb: Verb): void {
  verb('cutover <slice>', 'the service takes over: reads and writes', (context, slice: string, options: FollowOptions) =>
    moveNow(context, { slice, want: 'extracted', from: 'canary', options }),
  )
    .option('--wait', 'hold until the gates pass instead of refusing')
    .option('--timeout <seconds>', 'how long to follow; the wish is withdrawn after it', seconds, 60)
    .option('--dry-run', 'the same code without effects: steps and gates');
}
