import type { IntentReport } from '@atlas/contracts/control';
import { createLogger } from '@atlas/kit/logger';
import { createControlClient } from '../api/client.ts';
import { systemClock } from '../clock.ts';
import type { ControlApi } from '../control-api.ts';
import { createControlApi, isFinal, workOn } from '../control-plane.ts';
import { openPlane } from '../open-plane.ts';
import { readControlUrl, readMigrateSettings } from '../settings.ts';

const pollMs = 100;

/** Where a command is carried out: the server, or with `--local` this process under the unit's lock. */
export type CliSession = {
  api: ControlApi;
  /** Follows an intent until it is final or the time is over; answers it as it is then. */
  follow(id: number, options: { timeoutMs: number; onChange(report: IntentReport): void }): Promise<IntentReport>;
  close(): Promise<void>;
};
type Env = Record<string, string | undefined>;

/** A session with the server at MIGRATE_URL. */
export function openRemote(env: Env): CliSession {
  const api = createControlClient(readControlUrl(env));
  return {
    api,
    follow: async (id, { timeoutMs, onChange }) => {
      const deadline = systemClock.monotonicMs() + timeoutMs;
      for (;;) {
        const report = await api.intent(id);
        onChange(report);
        if (isFinal(report) || systemClock.monotonicMs() >= deadline) return report;
        await systemClock.sleep(pollMs);
      }
    },
    close: async () => {},
  };
}

/** A session of this process's own: same ledger, same locks, same code; works with the server down. Flags are not read. */
export async function openLocal(env: Env): Promise<CliSession> {
  const flags = { readWanted: () => null, ageMs: () => Number.POSITIVE_INFINITY };
  const log = createLogger('migrate-cli', env['LOG_LEVEL'] ?? 'silent');
  const plane = await openPlane(readMigrateSettings(env), { log, flags, poke: () => {} });
  const api = createControlApi(plane.ports);
  return {
    api,
    follow: (id, { timeoutMs, onChange }) => workOn(plane.ports, id, { deadlineMs: systemClock.monotonicMs() + timeoutMs, onChange }),
    close: plane.close,
  };
}
