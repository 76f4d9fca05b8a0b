import { runUntilSignal } from './run-until-signal.ts';
import { readSettings } from './settings.ts';
import { createWorker } from './worker.ts';

await runUntilSignal('mail worker', () => createWorker(readSettings(process.env)));
