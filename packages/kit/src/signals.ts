import { errorText } from './errors.ts';
import type { Logger } from './logger.ts';

const hardStopMs = 30_000;

/** Starts a process's one thing and stops it on SIGINT or SIGTERM: exit 0 when stop finished, 1 when start or stop failed or took over 30 s. */
export async function runUntilSignal(part: { start(): Promise<void>; stop(): Promise<void>; log: Logger }): Promise<void> {
  let isStopping = false;
  const stop = (signal: string) => {
    if (isStopping) return;
    isStopping = true;
    void stopOnce(part, signal);
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));
  try {
    await part.start();
  } catch (error) {
    part.log.fatal({ error: errorText(error) }, 'start failed');
    process.exit(1);
  }
}

async function stopOnce(part: { stop(): Promise<void>; log: Logger }, signal: string): Promise<void> {
  part.log.info({ signal }, 'stopping');
  const timer = setTimeout(() => {
    part.log.fatal({ hardStopMs }, 'stop took too long');
    process.exit(1);
  }, hardStopMs);
  try {
    await part.stop();
    clearTimeout(timer);
    part.log.info({}, 'stopped');
    process.exit(0);
  } catch (error) {
    part.log.fatal({ error: errorText(error) }, 'stop failed');
    process.exit(1);
  }
}
