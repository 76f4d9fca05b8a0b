import {
  emailSchema,
  emailVerificationCallbackUrlSchema,
  passwordSchema,
  signInEmailSchema,
  urlSchema,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import { branchOf } from '../auth/branch-of.ts';
import { checkCode, codeLength } from '../codes/verification-code.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { botChallengeFields } from './bot-challenge.ts';
import { setPassword, updatePassword } from './change-password.ts';
import { assertPasswordsOn, requestPasswordReset, resetPassword } from './reset-password.ts';
import { signInWithPassword } from './sign-in.ts';
import { signedInBody } from './sign-in-session.ts';
import { signUpWithPassword } from './sign-up.ts';

const code = yupString().length(codeLength).defined();

/** Signing up and in with e-mail and password, and changing the password. */
export const passwordEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/password/sign-up',
    access: clientOrHigher,
    body: yupObject({
      email: signInEmailSchema.defined(),
      password: passwordSchema.defined(),
      verification_callback_url: emailVerificationCallbackUrlSchema.optional(),
      ...botChallengeFields,
    }).defined(),
    handle: async ({ auth, body }) => {
      const tokens = await signUpWithPassword(auth, { ...body, verificationCallbackUrl: body.verification_callback_url });
      return json(200, signedInBody(tokens, { tellsIfNew: false }));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/sign-in',
    access: clientOrHigher,
    // Looser than sign-up's: some stored addresses are older than the strict rule.
    body: yupObject({ email: emailSchema.defined(), password: passwordSchema.defined() }).defined(),
    handle: async ({ auth, body }) =>
      json(200, signedInBody(await signInWithPassword(auth, body.email, body.password), { tellsIfNew: false })),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/send-reset-code',
    access: clientOrHigher,
    body: yupObject({ email: emailSchema.defined(), callback_url: urlSchema.defined() }).defined(),
    handle: async ({ auth, body }) => {
      await requestPasswordReset(auth, body.email, body.callback_url);
      return json(200, { success: 'maybe, only if user with e-mail exists' });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/reset',
    access: clientOrHigher,
    body: yupObject({ code, password: passwordSchema.defined() }).defined(),
    handle: async ({ auth, body }) => {
      await resetPassword(auth, body.code, body.password);
      return json(200, { success: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/reset/check-code',
    access: clientOrHigher,
    body: yupObject({ code }).defined(),
    handle: async ({ auth, body }) => {
      assertPasswordsOn(auth);
      await checkCode(branchOf(auth), 'PASSWORD_RESET', body.code);
      return json(200, { is_code_valid: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/set',
    access: clientOrHigher,
    body: yupObject({ password: passwordSchema.defined() }).defined(),
    handle: async ({ auth, body }) => {
      await setPassword(auth, body.password);
      return json(200, { success: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/password/update',
    access: clientOrHigher,
    body: yupObject({ old_password: passwordSchema.defined(), new_password: passwordSchema.defined() }).defined(),
    handle: async ({ auth, body, headers }) => {
      await updatePassword(auth, { before: body.old_password, after: body.new_password }, headers.refreshToken);
      return json(200, { success: true });
    },
  }),
];
