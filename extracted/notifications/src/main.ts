import { type Listening, listen } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';

const config = readConfig(process.env);
const log = createLogger('notifications');
const app = createApp({ config, log });
let listening: Listening | undefined;

await runUntilSignal({
  log,
  start: async () => {
    listening = await listen(app.handler, { port: config.port });
    await app.start();
    log.info({ url: listening.url, worker: config.isWorkerOn }, 'listening');
  },
  stop: async () => {
    app.drain();
    await listening?.close();
    await app.stop();
  },
});
