import { runUntilSignal } from '../worker/run-until-signal.ts';
import { readSettings } from './settings.ts';
import { createWebhooks } from './webhooks.ts';

await runUntilSignal('webhooks', () => createWebhooks(readSettings(process.env)));
