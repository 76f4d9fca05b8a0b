import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { yupArray, yupMixed, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { codeLength } from '../codes/verification-code.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { beginRegistration, registerPasskey } from './register-passkey.ts';
import { signedInBody } from './sign-in-session.ts';
import { beginAuthentication, signInWithPasskey } from './sign-in-with-passkey.ts';

const code = yupString().length(codeLength).defined();
/** What authenticators add beyond this is passed on unread. */
const credential = {
  id: yupString().defined(),
  rawId: yupString().defined(),
  authenticatorAttachment: yupString().oneOf(['platform', 'cross-platform']).nullable().optional(),
  clientExtensionResults: yupMixed<Record<string, never>>().optional(),
  type: yupString().oneOf(['public-key']).defined(),
};

const registration = yupObject({
  ...credential,
  response: yupObject({
    clientDataJSON: yupString().defined(),
    attestationObject: yupString().defined(),
    authenticatorData: yupString().optional(),
    transports: yupArray(yupString().defined()).optional(),
    publicKeyAlgorithm: yupMixed<number>().optional(),
    publicKey: yupString().optional(),
  }).defined(),
}).defined();

const assertion = yupObject({
  ...credential,
  response: yupObject({
    clientDataJSON: yupString().defined(),
    authenticatorData: yupString().defined(),
    signature: yupString().defined(),
    userHandle: yupString().nullable().optional(),
  }).defined(),
}).defined();

export const passkeyEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/passkey/initiate-passkey-registration',
    access: clientOrHigher,
    body: yupObject({}).optional(),
    handle: async ({ auth }) => {
      const { options, code } = await beginRegistration(auth);
      return json(200, { options_json: options, code });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/passkey/register',
    access: clientOrHigher,
    body: yupObject({ credential: registration, code }).defined(),
    handle: async ({ auth, body }) => {
      const userHandle = await registerPasskey(auth, body.code, body.credential as unknown as RegistrationResponseJSON);
      return json(200, { user_handle: userHandle });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/passkey/initiate-passkey-authentication',
    access: clientOrHigher,
    body: yupObject({}).optional(),
    handle: async ({ auth }) => {
      const { options, code } = await beginAuthentication(auth);
      return json(200, { options_json: options, code });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/auth/passkey/sign-in',
    access: clientOrHigher,
    body: yupObject({ authentication_response: assertion, code }).defined(),
    handle: async ({ auth, body }) => {
      const answer = body.authentication_response as unknown as AuthenticationResponseJSON;
      return json(200, signedInBody(await signInWithPasskey(auth, body.code, answer), { tellsIfNew: true }));
    },
  }),
];
