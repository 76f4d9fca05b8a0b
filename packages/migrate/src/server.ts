import { createFlagClient } from '@atlas/flags/client';
import { errorText } from '@atlas/kit/errors';
import { type Listening, listen } from '@atlas/kit/http';
import { createLogger } from '@atlas/kit/logger';
import { runUntilSignal } from '@atlas/kit/signals';
import { createApp } from './app.ts';
import { type OpenPlane, openPlane } from './open-plane.ts';
import { createReconciler, type Reconciler } from './reconcile.ts';
import { readMigrateSettings, readServerPort } from './settings.ts';

const planEveryMs = 1_000;

if (import.meta.main) await runUntilSignal(createServer(process.env));

/** The control plane as a process: schema, plan, loop, HTTP. Throws CONFIG_INVALID with every mistake. */
export function createServer(env: Record<string, string | undefined>) {
  const log = createLogger('migrate');
  let stopAll: () => Promise<void> = async () => {};
  return {
    log,
    start: async () => {
      stopAll = await start(env, log);
    },
    stop: () => stopAll(),
  };
}

async function start(env: Record<string, string | undefined>, log: ReturnType<typeof createLogger>): Promise<() => Promise<void>> {
  const settings = readMigrateSettings(env);
  const port = readServerPort(env);
  const flags = createFlagClient({
    url: settings.unleashUrl,
    token: settings.unleashToken,
    appName: 'atlas-migrate',
    log,
    intervalMs: settings.flagIntervalMs,
    ...(settings.flagSnapshotFile === undefined ? {} : { snapshotFile: settings.flagSnapshotFile }),
  });
  let reconciler: Reconciler | null = null;
  const poke = () => reconciler?.poke();
  const plane = await openPlane(settings, { log, flags, poke });
  await flags.start();
  flags.onChange(poke);
  reconciler = createReconciler({ ...plane.ports, plan: () => plane.ports.planState().plan });
  const app = createApp(plane.ports, { isDevelopment: env['ATLAS_ENVIRONMENT'] === 'development', log });
  const listening: Listening = await listen(app, { port });
  reconciler.start();
  const stopWatching = watchPlan(plane, log);
  log.info({ url: listening.url }, 'control plane ready');
  return async () => {
    stopWatching();
    await reconciler?.stop();
    await listening.close();
    await flags.stop();
    await plane.close();
  };
}

function watchPlan(plane: OpenPlane, log: ReturnType<typeof createLogger>): () => void {
  let isBusy = false;
  const timer = setInterval(async () => {
    if (isBusy) return;
    isBusy = true;
    await plane.refreshPlan().catch((error: unknown) => log.warn({ error: errorText(error) }, 'plan not read'));
    isBusy = false;
  }, planEveryMs);
  return () => clearInterval(timer);
}
