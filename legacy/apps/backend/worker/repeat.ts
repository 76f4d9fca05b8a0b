import { errorFacts, log } from '../src/log.ts';

const idleMs = 100;
const afterErrorMs = 1_000;

/** Round after round, resting when there was nothing to do. A failing round is logged when it starts to fail, and retried. */
export async function repeat(name: string, round: () => Promise<number>, isStopping: () => boolean): Promise<void> {
  let isFailing = false;
  while (!isStopping()) {
    try {
      const done = await round();
      isFailing = false;
      if (done === 0) await pause(idleMs);
    } catch (error) {
      if (!isFailing) log('warn', 'round failed; trying again', { loop: name, ...errorFacts(error) });
      isFailing = true;
      await pause(afterErrorMs);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
