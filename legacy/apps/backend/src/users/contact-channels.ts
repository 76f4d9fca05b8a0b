import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
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
    body: yupObject({ code: yupString().length(45).defined() }).defined(),
    handle: async ({ auth, body }) => {
      await verifyEmail({ projectId: auth.project.id, branchId: auth.branchId, tenancyId: auth.tenancyId, code: body.code.toLowerCase() });
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

/** Uses a code once; the update's condition decides between two that try at the same time. */
async function verifyEmail(attempt: { projectId: string; branchId: string; tenancyId: string; code: string }): Promise<void> {
  const { projectId, branchId, tenancyId, code } = attempt;
  await database().$transaction(async (tx) => {
    const row = await tx.verificationCode.findUnique({ where: { projectId_branchId_code: { projectId, branchId, code } } });
    if (row === null || row.type !== 'CONTACT_CHANNEL_VERIFICATION') throw new KnownErrors.VerificationCodeNotFound();
    if (row.expiresAt < new Date()) throw new KnownErrors.VerificationCodeExpired();
    const used = await tx.verificationCode.updateMany({
      where: { projectId, branchId, id: row.id, usedAt: null },
      data: { usedAt: new Date() },
    });
    if (used.count === 0) throw new KnownErrors.VerificationCodeAlreadyUsed();
    const { email } = row.method as { email: string };
    const { user_id: projectUserId } = row.data as { user_id: string };
    await tx.contactChannel.updateMany({ where: { tenancyId, projectUserId, type: 'EMAIL', value: email }, data: { isVerified: true } });
  });
}
