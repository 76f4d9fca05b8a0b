import { type Database, database } from '../database.ts';
import { normalizeEmail } from './email-address.ts';

export type SignInEmail = { value: string; isVerified: boolean; projectUserId: string; passwordHash: string | null };

/** The address somebody signs in with: as it was typed, then normalised, because some were stored before they were. One statement. */
export async function findSignInEmail(
  tenancyId: string,
  typed: string,
  client: Pick<Database, 'contactChannel'> = database(),
): Promise<SignInEmail | null> {
  const channels = await client.contactChannel.findMany({
    relationLoadStrategy: 'join',
    where: { tenancyId, type: 'EMAIL', value: { in: [typed, normalizeEmail(typed)] }, usedForAuth: 'TRUE' },
    select: { value: true, isVerified: true, projectUserId: true, user: { select: { passwords: { select: { passwordHash: true } } } } },
  });
  const found = channels.find((channel) => channel.value === typed) ?? channels[0];
  if (found === undefined) return null;
  const { user, ...channel } = found;
  return { ...channel, passwordHash: user.passwords[0]?.passwordHash ?? null };
}
