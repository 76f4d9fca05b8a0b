import { type FollowOptions, seconds } from './follow.ts';
import { moveNow } from './move.ts';
import type { Verb } from './verb.ts';

/** Needs neither Unleash nor a flag; a flag that still asks for extracted does not count again until it changes. */
export function addReverse(verb: Verb): void {
  verb('reverse <slice>', 'the legacy takes over again; the slice lands in replicating', (context, slice: string, options: FollowOptions) =>
    moveNow(context, { slice, want: 'replicating', from: 'extracted', options }),
  )
    .option('--wait', 'hold until the gates pass instead of refusing')
    .option('--timeout <seconds>', 'how long to follow; the wish is withdrawn after it', seconds, 60)
    .option('--dry-run', 'the same code without effects: steps and gates');
}
