/** What this service needs to know of a user; the legacy owns the rest. */
export type User = { id: string; displayName: string | null; isAnonymous: boolean; isDeleted: boolean; primaryEmail: string | null };

/** A user's e-mail among its contact channels. */
export function primaryEmailOf(channels: readonly { type: string; value: string; isPrimary: boolean }[]): string | null {
  return channels.find((channel) => channel.isPrimary && channel.type.toLowerCase() === 'email')?.value ?? null;
}
