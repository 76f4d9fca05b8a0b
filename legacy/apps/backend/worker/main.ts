import { errorFacts, log } from '../src/log.ts';
import { readSettings } from './settings.ts';
import { createWorker } from './worker.ts';

const stopMsMax = 30_000;

async function main(): Promise<void> {
  const worker = createWorker(readSettings(process.env));
  const stop = async () => {
    setTimeout(() => process.exit(1), stopMsMax).unref();
    await worker.stop();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  await worker.start();
  log('info', 'mail worker started');
}

main().catch((error: unknown) => {
  log('error', 'mail worker failed to start', errorFacts(error));
  process.exit(1);
});
