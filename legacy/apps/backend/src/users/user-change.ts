import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AccessType } from '../auth/check-order.ts';
import { assertMetadataSize } from './metadata.ts';
import { assertProfileImageAllowed } from './profile-image.ts';

/** What may change of a user, in the wire's names; absent means unchanged. */
export type UserChange = {
  display_name?: string | null | undefined;
  profile_image_url?: string | null | undefined;
  client_metadata?: unknown;
  client_read_only_metadata?: unknown;
  server_metadata?: unknown;
  primary_email?: string | null | undefined;
  primary_email_verified?: boolean | undefined;
  primary_email_auth_enabled?: boolean | undefined;
  password?: string | null | undefined;
  password_hash?: string | undefined;
  otp_auth_enabled?: boolean | undefined;
  passkey_auth_enabled?: boolean | undefined;
  totp_secret_base64?: string | null | undefined;
  selected_team_id?: string | null | undefined;
  is_anonymous?: boolean | undefined;
  restricted_by_admin?: boolean | undefined;
  restricted_by_admin_reason?: string | null | undefined;
  restricted_by_admin_private_details?: string | null | undefined;
  country_code?: string | null | undefined;
  risk_scores?: { sign_up: { bot: number; free_trial_abuse: number } } | undefined;
};

const reasonCharactersMax = 4_096;
const totpSecretBytesMax = 128;
const reasonFields = ['restricted_by_admin_reason', 'restricted_by_admin_private_details'] as const;

/** What the schema cannot say. Throws a 400 that names the field. */
export function assertUserChangeAllowed(change: UserChange, accessType: AccessType): void {
  assertMetadataSize(change);
  for (const field of reasonFields)
    if ((change[field]?.length ?? 0) > reasonCharactersMax)
      throw new StatusError(400, `${field} has more than ${reasonCharactersMax} characters.`);
  assertProfileImageAllowed(change.profile_image_url, accessType);
  if (change.passkey_auth_enabled === true)
    throw new StatusError(400, 'passkey_auth_enabled can only be set to false. Users register their passkeys themselves.');
  if (typeof change.totp_secret_base64 === 'string') readTotpSecret(change.totp_secret_base64);
}

/** A TOTP secret's bytes. Throws a 400 when there are none, or too many. */
export function readTotpSecret(base64: string): Uint8Array<ArrayBuffer> {
  const secret = Buffer.from(base64, 'base64');
  if (secret.length === 0 || secret.length > totpSecretBytesMax)
    throw new StatusError(400, `totp_secret_base64 must be 1 to ${totpSecretBytesMax} bytes.`);
  return secret;
}
