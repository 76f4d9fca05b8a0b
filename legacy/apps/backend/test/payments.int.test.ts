import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Legacy, openLegacy } from './legacy.ts';
import { plantWorld, type World } from './world.ts';

let legacy: Legacy;
let world: World;
beforeAll(async () => {
  legacy = await openLegacy();
  world = await plantWorld(legacy);
});
afterAll(() => legacy.close());

const empty = { items: [], is_paginated: true, pagination: { next_cursor: null } };

describe('GET /payments/billing/:customer_type/:customer_id', () => {
  test('says that nobody is a customer: the account settings of the SDKs are shown then', async () => {
    const user = await world.signUp();
    const answer = await world.call('client', 'GET', `/payments/billing/user/${user.userId}`, { user });
    expect(answer.json).toEqual({ has_customer: false, default_payment_method: null });
  });

  test('is refused to a client for somebody else, and to a server for nobody', async () => {
    const [user, other] = [await world.signUp(), await world.signUp()];
    expect((await world.call('client', 'GET', `/payments/billing/user/${other.userId}`, { user })).status).toBe(403);
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect((await world.call('server', 'GET', `/payments/billing/user/${nobody}`)).json).toMatchObject({ code: 'USER_NOT_FOUND' });
    expect((await world.call('server', 'GET', `/payments/billing/team/${nobody}`)).json).toMatchObject({ code: 'TEAM_NOT_FOUND' });
  });
});

describe('GET /payments/products/:customer_type/:customer_id', () => {
  test('lists nothing, of a team to its members only', async () => {
    const [user, other] = [await world.signUp(), await world.signUp()];
    const { id } = await world.createTeam(user);
    expect((await world.call('client', 'GET', `/payments/products/team/${id}?limit=1`, { user })).json).toEqual(empty);
    const refused = await world.call('client', 'GET', `/payments/products/team/${id}`, { user: other });
    expect(refused.json).toMatchObject({ code: 'TEAM_MEMBERSHIP_NOT_FOUND' });
  });
});

describe('GET /payments/invoices/:customer_type/:customer_id', () => {
  test('lists nothing', async () => {
    const user = await world.signUp();
    expect((await world.call('client', 'GET', `/payments/invoices/user/${user.userId}?limit=10`, { user })).json).toEqual(empty);
  });
});
