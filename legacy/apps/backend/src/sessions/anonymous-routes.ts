import { database } from '../database.ts';
import { createUser } from '../users/create-user.ts';
import { clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { sessionOwner, signedIn, signedInBody, signIn } from './sign-in-session.ts';

export const anonymousEndpoints = [
  endpoint({
    method: 'POST',
    path: '/auth/anonymous/sign-up',
    access: clientOrHigher,
    handle: async ({ auth }) => {
      const owner = sessionOwner(auth);
      const outcome = await database().$transaction(async (tx) =>
        signIn(tx, owner, await createUser(tx, owner, { isAnonymous: true }), { isNewUser: true }),
      );
      return json(200, signedInBody(await signedIn(outcome, owner), { tellsIfNew: false }));
    },
  }),
];
