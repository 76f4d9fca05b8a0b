import { parkedText } from './print.ts';
import type { Verb } from './verb.ts';

export function addParked(verb: Verb): void {
  verb('parked', 'events that could not be applied, by tenant, in order', async ({ open }) => {
    const events = await (await open()).api.parked();
    const next = events.length === 0 ? '' : 'mend the cause, then replay on cdc: POST /flows/<flow>/parked/replay';
    return { json: events, text: parkedText(events), code: 0, next };
  });
}
