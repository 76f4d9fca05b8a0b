import { errorFacts, log } from '../src/log.ts';

const stopMsMax = 30_000;

/** Makes a process's work, starts it, and ends it at SIGTERM or SIGINT; what takes longer than 30 s to end is cut. */
export async function runUntilSignal(name: string, make: () => { start(): Promise<void>; stop(): Promise<void> }): Promise<void> {
  try {
    const work = make();
    endAtSignal(work);
    await work.start();
    log('info', `${name} started`);
  } catch (error) {
    log('error', `${name} failed to start`, errorFacts(error));
    process.exit(1);
  }
}

function endAtSignal(work: { stop(): Promise<void> }): void {
  const stop = async () => {
    setTimeout(() => process.exit(1), stopMsMax).unref();
    await work.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
