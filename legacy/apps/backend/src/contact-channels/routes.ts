import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import {
  contactChannelIdSchema,
  contactChannelIsPrimarySchema,
  contactChannelIsVerifiedSchema,
  contactChannelTypeSchema,
  contactChannelUsedForAuthSchema,
  emailSchema,
  emailVerificationCallbackUrlSchema,
  userIdOrMeSchema,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { assertOwnUnlessServer, signedInUser } from '../auth/own-user.ts';
import { codeLength } from '../codes/verification-code.ts';
import { sessionOwner } from '../sessions/sign-in-session.ts';
import { normalizeEmail } from '../users/email-address.ts';
import type { UserKey } from '../users/find-user.ts';
import type { UserRow } from '../users/user.ts';
import { clientOnly, clientOrHigher, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json, type Reply } from '../wire/reply.ts';
import { changeContactChannel, createContactChannel, deleteContactChannel } from './change-contact-channel.ts';
import { contactChannelView, listContactChannels, readContactChannel } from './contact-channel.ts';
import { checkVerificationCode, sendVerificationCode, verifyContactChannel } from './verify-contact-channel.ts';

const addressCharactersMax = 256;
/** The published schema does not look at an address without its type beside it. */
const address = emailSchema.nonEmpty().max(addressCharactersMax);
const filter = yupObject({ user_id: userIdOrMeSchema.optional(), contact_channel_id: contactChannelIdSchema.optional() }).defined();
const place = yupObject({ user_id: userIdOrMeSchema.defined(), contact_channel_id: contactChannelIdSchema.defined() }).defined();
const verified = { is_verified: contactChannelIsVerifiedSchema.optional() };
const created = {
  user_id: userIdOrMeSchema.defined(),
  value: address.defined(),
  type: contactChannelTypeSchema.defined(),
  used_for_auth: contactChannelUsedForAuthSchema.defined(),
  is_primary: contactChannelIsPrimarySchema.optional(),
};
const changed = {
  value: address.optional(),
  type: contactChannelTypeSchema.optional(),
  used_for_auth: contactChannelUsedForAuthSchema.optional(),
  is_primary: contactChannelIsPrimarySchema.optional(),
};
const callback = { callback_url: emailVerificationCallbackUrlSchema.defined() };
const codeBody = yupObject({ code: yupString().length(codeLength).defined() }).defined();
const success = json(200, { success: true });

type CreateBody = {
  user_id: string;
  value: string;
  used_for_auth: boolean;
  is_primary?: boolean | undefined;
  is_verified?: boolean | undefined;
};

export const contactChannelEndpoints = [
  endpoint({
    method: 'GET',
    path: '/contact-channels',
    access: clientOrHigher,
    query: filter,
    handle: async ({ auth, query }) => {
      assertOwnUnlessServer(auth, query.user_id, 'Client can only list contact channels for their own user.');
      const rows = await listContactChannels({ tenancyId: auth.tenancyId, userId: query.user_id, id: query.contact_channel_id });
      return json(200, { items: rows.map(contactChannelView), is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels',
    access: clientOnly,
    body: yupObject(created).defined(),
    handle: async ({ auth, body }) => create(auth, body),
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels',
    access: serverOrHigher,
    body: yupObject({ ...created, ...verified }).defined(),
    handle: async ({ auth, body }) => create(auth, body),
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels/verify',
    access: clientOrHigher,
    body: codeBody,
    handle: async ({ auth, body }) => {
      await verifyContactChannel(auth, body.code);
      return success;
    },
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels/verify/check-code',
    access: clientOrHigher,
    body: codeBody,
    handle: async ({ auth, body }) => {
      await checkVerificationCode(auth, body.code);
      return json(200, { is_code_valid: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels/send-verification-code',
    access: clientOnly,
    body: yupObject({ email: address.defined(), ...callback }).defined(),
    handle: async ({ auth, body }) => {
      await sendVerificationCode(auth, primaryChannel(signedInUser(auth), body.email), body.callback_url);
      return success;
    },
  }),
  endpoint({
    method: 'GET',
    path: '/contact-channels/:user_id/:contact_channel_id',
    access: clientOrHigher,
    params: place,
    handle: async ({ auth, params }) => {
      assertOwnUnlessServer(auth, params.user_id, 'Client can only read contact channels for their own user.');
      return json(200, contactChannelView(await readContactChannel(userOf(auth, params.user_id), params.contact_channel_id)));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/contact-channels/:user_id/:contact_channel_id',
    access: clientOnly,
    params: place,
    body: yupObject(changed).defined(),
    handle: async ({ auth, params, body }) => change(auth, params, body),
  }),
  endpoint({
    method: 'PATCH',
    path: '/contact-channels/:user_id/:contact_channel_id',
    access: serverOrHigher,
    params: place,
    body: yupObject({ ...changed, ...verified }).defined(),
    handle: async ({ auth, params, body }) => change(auth, params, body),
  }),
  endpoint({
    method: 'DELETE',
    path: '/contact-channels/:user_id/:contact_channel_id',
    access: clientOrHigher,
    params: place,
    handle: async ({ auth, params }) => {
      assertOwnUnlessServer(auth, params.user_id, 'Client can only delete contact channels for their own user.');
      await deleteContactChannel(sessionOwner(auth), userOf(auth, params.user_id), params.contact_channel_id);
      return success;
    },
  }),
  endpoint({
    method: 'POST',
    path: '/contact-channels/:user_id/:contact_channel_id/send-verification-code',
    access: clientOrHigher,
    params: place,
    body: yupObject(callback).defined(),
    handle: async ({ auth, params, body }) => {
      assertOwnUnlessServer(auth, params.user_id, 'Client can only send verification codes for their own user.');
      const channel = await readContactChannel(userOf(auth, params.user_id), params.contact_channel_id);
      await sendVerificationCode(auth, channel, body.callback_url);
      return success;
    },
  }),
];

async function create(auth: Auth, body: CreateBody): Promise<Reply> {
  assertOwnUnlessServer(auth, body.user_id, 'Client can only create contact channels for their own user.');
  return json(201, contactChannelView(await createContactChannel(sessionOwner(auth), body.user_id, body)));
}

async function change(
  auth: Auth,
  params: { user_id: string; contact_channel_id: string },
  body: Parameters<typeof changeContactChannel>[3],
): Promise<Reply> {
  assertOwnUnlessServer(auth, params.user_id, 'Client can only update contact channels for their own user.');
  const user = userOf(auth, params.user_id);
  return json(200, contactChannelView(await changeContactChannel(sessionOwner(auth), user, params.contact_channel_id, body)));
}

/** The address clients name must be the primary one. Throws EMAIL_IS_NOT_PRIMARY_EMAIL. */
function primaryChannel(user: UserRow, email: string) {
  const channel = user.contactChannels[0];
  if (channel === undefined || channel.value !== normalizeEmail(email))
    throw new KnownErrors.EmailIsNotPrimaryEmail(email, channel?.value ?? null);
  return channel;
}

function userOf(auth: Auth, projectUserId: string): UserKey {
  return { tenancyId: auth.tenancyId, projectUserId };
}
