import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { checkCode, codeLength, spendCode } from '../codes/verification-code.ts';
import { database } from '../database.ts';
import { clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';

const filter = { contact_channel_id: yupString().uuid().optional() };

export const contactChannelEndpoints = [
  endpoint({
    method: 'GET',
    path: '/contact-channels',
    access: ['client'],
    query: yupObject({ user_id: userIdOrMeSchema.optional(), ...filter }).defined(),
    handle: async ({ auth, query }) => {
      if (auth.user === undefined) throw new KnownErrors.UserAuthenticationRequired();
      if (query.user_id !== auth.user.projectUserId)
        throw new StatusError(403, 'Client can only list contact channels for their own user.');
      return json(200, await listChannels(auth.tenancyId, query.user_id, query.contact_channel_id));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/contact-channels',
    access: serverOrHigher,
    query: yupObject({ user_id: userIdOrMeSchema.optional(), ...filter }).defined(),
    handle: async ({ auth, query }) => json(200, await listChannels(auth.tenancyId, query.user_id, query.contact_channel_id)),
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels/verify',
    access: clientOrHigher,
    body: yupObject({ code: yupString().length(codeLength).defined() }).defined(),
    handle: async ({ auth, body }) => {
      await verifyEmail(auth, body.code);
      return json(200, { success: true });
    },
  }),
];

async function listChannels(tenancyId: string, userId: string | undefined, id: string | undefined) {
  const where = { tenancyId, ...(userId === undefined ? {} : { projectUserId: userId }), ...(id === undefined ? {} : { id }) };
  const rows = await database().contactChannel.findMany({ where, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
  const items = rows.map((row) => ({
    user_id: row.projectUserId,
    id: row.id,
    type: 'email',
    value: row.value,
    is_primary: row.isPrimary === 'TRUE',
    is_verified: row.isVerified,
    used_for_auth: row.usedForAuth === 'TRUE',
  }));
  return { items, is_paginated: false };
}

/** Uses a code once; of two at the same time one is told that it was used. */
async function verifyEmail(auth: Auth, code: string): Promise<void> {
  const row = await checkCode({ projectId: auth.project.id, branchId: auth.branchId }, 'CONTACT_CHANNEL_VERIFICATION', code);
  const { email } = row.method as { email: string };
  const { user_id: projectUserId } = row.data as { user_id: string };
  await database().$transaction(async (tx) => {
    await spendCode(tx, row);
    await tx.contactChannel.updateMany({
      where: { tenancyId: auth.tenancyId, projectUserId, type: 'EMAIL', value: email },
      data: { isVerified: true },
    });
  });
}
