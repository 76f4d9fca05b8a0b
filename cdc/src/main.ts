import { createLogger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';

const log = createLogger('cdc');
await runUntilSignal(createApp({ config: readConfig(process.env), log }));
