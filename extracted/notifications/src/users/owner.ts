import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import { z } from 'zod';
import { primaryEmailOf, type User } from './user.ts';

const timeoutMs = 2_000;

const answerSchema = z.object({
  user: z
    .object({
      project_user_id: z.string(),
      display_name: z.string().nullable(),
      is_anonymous: z.boolean(),
      contact_channels: z.array(z.object({ type: z.string(), value: z.string(), is_primary: z.boolean() })),
    })
    .nullable(),
});

/** The owner of users, asked when the projection may be behind. */
export type UserOwner = { find(tenancyId: string, userId: string): Promise<User | undefined> };

/** Asks `GET <owner>/service/tenancies/:t/users/:u`, at its internal address: through the gateway a drain would wait for it. Throws UNAVAILABLE. */
export function createUserOwner(options: { url: string; serviceToken: string }): UserOwner {
  return {
    find: async (tenancyId, userId) => {
      const path = `/service/tenancies/${encodeURIComponent(tenancyId)}/users/${encodeURIComponent(userId)}`;
      const answer = await requestJson(`${options.url}${path}`, {
        headers: { authorization: `Bearer ${options.serviceToken}` },
        timeoutMs,
      });
      const parsed = answerSchema.safeParse(answer.body);
      if (answer.status !== 200 || !parsed.success)
        throw new AppError('UNAVAILABLE', { message: `the owner of users answered ${answer.status}` });
      const { user } = parsed.data;
      return user === null ? undefined : fromAnswer(user);
    },
  };
}

function fromAnswer(user: NonNullable<z.infer<typeof answerSchema>['user']>): User {
  const channels = user.contact_channels.map((channel) => ({ type: channel.type, value: channel.value, isPrimary: channel.is_primary }));
  return {
    id: user.project_user_id,
    displayName: user.display_name,
    isAnonymous: user.is_anonymous,
    isDeleted: false,
    primaryEmail: primaryEmailOf(channels),
  };
}
