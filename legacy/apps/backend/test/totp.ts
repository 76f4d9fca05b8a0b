import { generateSync } from 'otplib';
import type { Person, World } from './world.ts';

/** 20 bytes, as the published clients make them. */
const secret = Uint8Array.from({ length: 20 }, (_, index) => index + 1);

/** The six digits an authenticator shows, now or some steps of 30 seconds away. */
export function totp(stepsAway = 0): string {
  return generateSync({ secret, epoch: Math.floor(Date.now() / 1000) + stepsAway * 30 });
}

export async function requireTotp(world: World, user: Person): Promise<void> {
  const body = { totp_secret_base64: Buffer.from(secret).toString('base64') };
  await world.must('client', 'PATCH', '/users/me', { user, body });
}

/** The attempt code of a sign-in with the right password. */
export async function mfaAttempt(world: World, user: Person): Promise<string> {
  const answer = await world.call('client', 'POST', '/auth/password/sign-in', { body: { email: user.email, password: 'password1' } });
  const details = answer.json['details'] as { attempt_code?: string } | undefined;
  if (details?.attempt_code === undefined) throw new Error(`no second factor was asked for: ${answer.text}`);
  return details.attempt_code;
}
