import { AppError } from '@atlas/kit/errors';
import type { Logger } from '@atlas/kit/logger';
import { expect, test } from 'vitest';
import type { MailSettings } from './project-owner.ts';
import { createSettingsCache, settingsLimits } from './settings-cache.ts';

function world() {
  const settings: MailSettings = {
    sender: { name: 'P', address: 'p@example.com' },
    server: null,
    unsubscribeKey: Buffer.alloc(32),
    boostExpiresAt: null,
  };
  const state = { nowMs: 0, asked: 0, isDown: false, isThere: true };
  const read = createSettingsCache({
    owner: {
      mailSettings: async () => {
        state.asked += 1;
        if (state.isDown) throw new AppError('UNAVAILABLE');
        return state.isThere ? settings : undefined;
      },
      mailSource: () => Promise.reject(new Error('not asked here')),
      noteDraftSent: () => Promise.reject(new Error('not asked here')),
    },
    log: { warn: () => {} } as unknown as Logger,
    now: () => state.nowMs,
  });
  return { state, read, settings };
}

test('settings are asked for again when they are older than the caller wants', async () => {
  const { state, read } = world();
  await read('t');
  await read('t');
  expect(state.asked).toBe(1);
  state.nowMs = settingsLimits.freshMs;
  await read('t');
  await read('t', 0);
  expect(state.asked).toBe(3);
  state.nowMs *= 1_000;
  await read('t', Infinity);
  expect(state.asked).toBe(3);
});

test('with the owner silent, known settings are believed for a day, and unknown ones are never guessed', async () => {
  const { state, read, settings } = world();
  await read('t');
  state.isDown = true;
  state.nowMs = settingsLimits.believedMs - 1;
  expect(await read('t')).toBe(settings);
  await expect(read('other')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  state.nowMs += 1;
  await expect(read('t')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a project there is not is not remembered', async () => {
  const { state, read, settings } = world();
  state.isThere = false;
  expect(await read('t')).toBeUndefined();
  state.isThere = true;
  expect(await read('t')).toBe(settings);
});
