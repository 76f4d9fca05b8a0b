import { Lru } from '@atlas/kit/auth';
import { errorText } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import type { MailSettings, ProjectOwner } from './project-owner.ts';

export const settingsLimits = { tenanciesMax: 10_000, freshMs: 10_000, believedMs: 24 * 60 * 60 * 1000 } as const;

/** A project's mail settings. Throws UNAVAILABLE when its owner is silent and nothing believable is known. */
export type ReadMailSettings = (tenancyId: string, ageMsMax?: number) => Promise<MailSettings | undefined>;

type Known = { settings: MailSettings; atMs: number };

/** Settings are asked for again after `ageMsMax` (10 s when absent). With the owner silent, known ones are believed for a day: mails go on. */
export function createSettingsCache(options: { owner: ProjectOwner; log: Logger; now?: () => number }): ReadMailSettings {
  const { owner, log, now = () => performance.now() } = options;
  const known = new Lru<string, Known>(settingsLimits.tenanciesMax);

  return async (tenancyId, ageMsMax = settingsLimits.freshMs) => {
    const entry = known.get(tenancyId);
    const ageMs = entry === undefined ? Infinity : now() - entry.atMs;
    if (entry !== undefined && ageMs < ageMsMax) return entry.settings;
    try {
      const settings = await owner.mailSettings(tenancyId);
      if (settings !== undefined) known.set(tenancyId, { settings, atMs: now() });
      return settings;
    } catch (error) {
      if (entry === undefined || ageMs >= settingsLimits.believedMs) throw error;
      log.warn({ tenancyId, error: errorText(error) }, 'owner of projects is silent, known mail settings believed');
      return entry.settings;
    }
  };
}
