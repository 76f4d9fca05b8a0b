import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer, keyOf } from '../auth/own-user.ts';
import { database } from '../database.ts';
import { assertTeamMember } from '../permissions/team-permission.ts';
import { userExists } from '../users/find-user.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';

const customer = yupObject({
  customer_type: yupString().oneOf(['user', 'team']).defined(),
  customer_id: yupString().uuid().defined(),
}).defined();
const page = yupObject({ cursor: yupString().optional(), limit: yupNumber().integer().min(1).max(100).optional() }).defined();
const nothing = { items: [], is_paginated: true, pagination: { next_cursor: null } };

/**
 * What there is to read of payments in a backend that sells nothing: no customer, no product, no invoice. The account settings of the
 * published SDKs ask for it before they show anything.
 */
export const paymentEndpoints = [
  endpoint({
    method: 'GET',
    path: '/payments/billing/:customer_type/:customer_id',
    access: clientOrHigher,
    params: customer,
    handle: async ({ auth, params }) => {
      await assertVisible(auth, params);
      return json(200, { has_customer: false, default_payment_method: null });
    },
  }),
  ...(['products', 'invoices'] as const).map((kind) =>
    endpoint({
      method: 'GET',
      path: `/payments/${kind}/:customer_type/:customer_id`,
      access: clientOrHigher,
      params: customer,
      query: page,
      handle: async ({ auth, params }) => {
        await assertVisible(auth, params);
        return json(200, nothing);
      },
    }),
  ),
];

/** A client sees itself and its teams, a server everybody of its project. Throws 403, USER_NOT_FOUND, TEAM_MEMBERSHIP_NOT_FOUND or TEAM_NOT_FOUND. */
async function assertVisible(auth: Auth, { customer_type: type, customer_id: id }: { customer_type: string; customer_id: string }) {
  if (type === 'user') {
    assertOwnUnlessServer(auth, id, 'Clients may only see their own payments.');
    if (!(await userExists({ tenancyId: auth.tenancyId, projectUserId: id }))) throw new KnownErrors.UserNotFound();
    return;
  }
  if (auth.accessType === 'client') return assertTeamMember(keyOf(auth), id);
  const where = { tenancyId_teamId: { tenancyId: auth.tenancyId, teamId: id } };
  if ((await database().team.findUnique({ where, select: { teamId: true } })) === null) throw new KnownErrors.TeamNotFound(id);
}
