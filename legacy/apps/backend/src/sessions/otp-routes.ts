import {
  emailOtpSignInCallbackUrlSchema,
  emailSchema,
  signInEmailSchema,
  yupObject,
  yupString,
} from '@stackframe/stack-shared/dist/schema-fields';
import { branchOf } from '../auth/branch-of.ts';
import { checkCode, codeLength } from '../codes/verification-code.ts';
import { database } from '../database.ts';
import { renderFlowMail } from '../emails/render-mail.ts';
import { requestMail } from '../emails/request-mail.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { adminOnly, clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { botChallengeFields } from './bot-challenge.ts';
import { signedInBody } from './sign-in-session.ts';
import { assertOtpOn, sendSignInCode, signInWithCode } from './sign-in-with-code.ts';

const code = yupString().length(codeLength).defined();

/** Signing in with a code or a link by mail. */
export const otpEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/otp/send-sign-in-code',
    access: clientOrHigher,
    body: yupObject({
      email: signInEmailSchema.defined(),
      callback_url: emailOtpSignInCallbackUrlSchema.defined(),
      ...botChallengeFields,
    }).defined(),
    handle: async ({ auth, body }) => json(200, { nonce: await sendSignInCode(auth, body.email, body.callback_url) }),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/otp/sign-in',
    access: clientOrHigher,
    body: yupObject({ code, ...botChallengeFields }).defined(),
    handle: async ({ auth, body }) => json(200, signedInBody(await signInWithCode(auth, body.code), { tellsIfNew: true })),
  }),
  endpoint({
    method: 'POST',
    path: '/auth/otp/sign-in/check-code',
    access: clientOrHigher,
    body: yupObject({ code }).defined(),
    handle: async ({ auth, body }) => {
      assertOtpOn(auth);
      await checkCode(branchOf(auth), 'ONE_TIME_PASSWORD', body.code);
      return json(200, { is_code_valid: true });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/internal/send-sign-in-invitation',
    access: adminOnly,
    body: yupObject({ email: emailSchema.defined(), callback_url: yupString().defined() }).defined(),
    handle: async ({ auth, body }) => {
      assertRedirectUrlAllowed(body.callback_url, auth.project.config.domains);
      const mail = renderFlowMail(auth.project, 'sign_in_invitation', { signInInvitationLink: body.callback_url });
      const to = { userId: null, email: normalizeEmail(body.email) };
      await requestMail(database(), { tenancyId: auth.tenancyId, kind: 'sign-in-invitation', to, mail });
      return json(200, { success: true });
    },
  }),
];
