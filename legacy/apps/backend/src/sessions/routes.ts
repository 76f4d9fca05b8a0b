import { anonymousEndpoints } from './anonymous-routes.ts';
import { cliEndpoints } from './cli-routes.ts';
import { jwksEndpoints } from './jwks-routes.ts';
import { mfaEndpoints } from './mfa-routes.ts';
import { otpEndpoints } from './otp-routes.ts';
import { passkeyEndpoints } from './passkey-routes.ts';
import { passwordEndpoints } from './password-routes.ts';
import { ownSessionEndpoints } from './session-routes.ts';

/** Signing up, in and out; signing in with a provider is src/oauth. */
export const sessionEndpoints = [
  ...passwordEndpoints,
  ...otpEndpoints,
  ...mfaEndpoints,
  ...passkeyEndpoints,
  ...anonymousEndpoints,
  ...ownSessionEndpoints,
  ...cliEndpoints,
  ...jwksEndpoints,
];
