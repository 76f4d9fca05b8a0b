import { AppError } from '@atlas/kit/errors';
import { createLogger } from '@atlas/kit/logger';
import { describe, expect, test } from 'vitest';
import { findRecipient } from './find-recipient.ts';
import { findUser, findUsers } from './find-users.ts';
import type { User } from './user.ts';

const user = (id: string, changes: Partial<User> = {}): User => ({
  id,
  isAnonymous: false,
  isDeleted: false,
  primaryEmail: `${id}@x.de`,
  ...changes,
});
const position = { incarnation: 1, lsn: 100n };

/** A projection, a flow and an owner in memory; `asked` lists the questions to the owner. */
function world(options: { projected?: User[]; owned?: User[]; applied?: boolean | undefined; isOwnerDown?: boolean }) {
  const asked: string[] = [];
  const deps = {
    log: createLogger('test', 'silent'),
    store: {
      find: async (_tenancy: string, ids: readonly string[]) => (options.projected ?? []).filter(({ id }) => ids.includes(id)),
      everyone: async () => [],
      projectName: async () => null,
      hasApplied: async () => options.applied,
    },
    owner: {
      find: async (_tenancy: string, id: string) => {
        asked.push(id);
        if (options.isOwnerDown === true) throw new AppError('UNAVAILABLE');
        return (options.owned ?? []).find((owned) => owned.id === id);
      },
    },
  };
  return { deps, asked, find: (id: string, at?: typeof position) => findUser(deps, { tenancyId: 't', userId: id, position: at }) };
}

describe('a user is taken from the projection', () => {
  test('when the caller names no position', async () => {
    const { find, asked } = world({ projected: [user('a')], applied: false });
    expect(await find('a')).toMatchObject({ id: 'a' });
    expect(asked).toEqual([]);
  });

  test('when the position is applied', async () => {
    const { find, asked } = world({ projected: [user('a')], applied: true });
    expect(await find('a', position)).toMatchObject({ id: 'a' });
    expect(asked).toEqual([]);
  });

  test('when it is deleted there: that is final', async () => {
    const { find, asked } = world({ projected: [user('a', { isDeleted: true })], owned: [user('a')], applied: false });
    expect(await find('a', position)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe('the owner is asked, once', () => {
  test('about a user the projection does not have yet', async () => {
    const { find, asked } = world({ owned: [user('a')] });
    expect(await find('a')).toMatchObject({ id: 'a' });
    expect(await find('b')).toBeUndefined();
    expect(asked).toEqual(['a', 'b']);
  });

  test.each([false, undefined])('when the position is not applied in time, or cannot be asked (%s)', async (applied) => {
    const { find, asked } = world({ projected: [user('a')], owned: [], applied });
    expect(await find('a', position)).toBeUndefined();
    expect(asked).toEqual(['a']);
  });

  test('for each of many, and for nobody else', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `u${n}`);
    const { deps, asked } = world({ projected: ids.slice(0, 5).map((id) => user(id)), owned: ids.map((id) => user(id)) });
    expect([...(await findUsers(deps, { tenancyId: 't', userIds: ids })).keys()].sort()).toEqual([...ids].sort());
    expect(asked).toHaveLength(15);
  });
});

test('with the owner down, a known user is believed and an unknown one is "unavailable", never "absent"', async () => {
  const { find } = world({ projected: [user('a')], applied: false, isOwnerDown: true });
  expect(await find('a', position)).toMatchObject({ id: 'a' });
  await expect(find('b')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a mail is given up only after the owner confirmed that there is no user or no address', async () => {
  const { deps, asked } = world({
    projected: [user('a'), user('b', { primaryEmail: null }), user('c', { isDeleted: true })],
    owned: [user('b')],
  });
  const recipient = (userId: string) => findRecipient(deps, { tenancyId: 't', userId });
  expect([(await recipient('a'))?.primaryEmail, (await recipient('b'))?.primaryEmail]).toEqual(['a@x.de', 'b@x.de']);
  expect([await recipient('c'), await recipient('d')]).toEqual([undefined, undefined]);
  expect(asked).toEqual(['b', 'd']);
});
