import { notificationCategories } from '@atlas/contracts/wire';
import { requestJson } from '@atlas/kit/http';

/** A user who exists for one interaction only. */
export type Person = { accessToken: string; userId: string };
/** Values that a state puts into the request under test. */
type StateValues = { accessToken: string; userId: string };

export const developmentKeys = {
  publishableClientKey: 'this-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-secret-server-key-is-for-local-development-only',
};
const [, marketing] = notificationCategories;
const timeoutMs = 10_000;

/** The states that the consumers' contracts name, made over the public API: users where identity lives, preferences at the provider itself. */
export function createStates(ports: { signUp(): Promise<Person>; providerUrl: string }): Record<string, () => Promise<StateValues>> {
  return {
    'a user who never chose': () => ports.signUp(),
    'a user who turned marketing off': async () => {
      const person = await ports.signUp();
      await turnOff(ports.providerUrl, person);
      return person;
    },
  };
}

/** Signs a new user up over the public API. Throws with the answer when that is refused. */
export async function signUpAt(identityUrl: string): Promise<Person> {
  const email = `pact-${crypto.randomUUID()}@example.com`;
  const answer = await requestJson(`${identityUrl}/api/v1/auth/password/sign-up`, {
    method: 'POST',
    headers: clientHeaders(),
    body: { email, password: 'correct horse 7' },
    timeoutMs,
  });
  const { access_token: accessToken, user_id: userId } = (answer.body ?? {}) as Record<string, unknown>;
  if (answer.status !== 200 || typeof accessToken !== 'string' || typeof userId !== 'string')
    throw new Error(`sign-up answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { accessToken, userId };
}

async function turnOff(providerUrl: string, person: Person): Promise<void> {
  const answer = await requestJson(`${providerUrl}/api/v1/emails/notification-preference/me/${marketing.id}`, {
    method: 'PATCH',
    headers: { ...clientHeaders(), 'x-stack-access-token': person.accessToken },
    body: { enabled: false },
    timeoutMs,
  });
  if (answer.status !== 200) throw new Error(`the preference answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

function clientHeaders(): Record<string, string> {
  return {
    'x-stack-access-type': 'client',
    'x-stack-project-id': 'internal',
    'x-stack-publishable-client-key': developmentKeys.publishableClientKey,
  };
}
