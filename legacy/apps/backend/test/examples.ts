import type { AccessType } from '../src/auth/check-order.ts';
import type { Method } from '../src/wire/endpoint.ts';
import { emailExamples } from './examples/emails.ts';
import { keyAndEventExamples } from './examples/keys-and-events.ts';
import { oauthExamples } from './examples/oauth.ts';
import { projectExamples } from './examples/projects.ts';
import { sessionExamples } from './examples/sessions.ts';
import { teamExamples } from './examples/teams.ts';
import { userExamples } from './examples/users.ts';
import { webhookExamples } from './examples/webhooks.ts';
import type { Person, World } from './world.ts';

/** A call that succeeds, built from rows made for it alone. `keepsOut`: what another project's caller must be refused with (any 4xx when absent). */
export type Example = {
  user?: Person;
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
};

/**
 * One route: how to make a call of it that succeeds, in a world, for an access type. `isAlone`: the route answers about its caller
 * only and takes nothing of another project (then the two-project test asks that nothing of the other shows or changes). `caller` is the
 * world whose keys the call is made with: routes that take them in query or body, not in headers, ask it. `takesAnyQuery`: somebody else
 * writes its query, and may add to it.
 */
export type RouteExample = {
  isAlone?: boolean;
  takesAnyQuery?: boolean;
  make: (world: World, access: AccessType | 'none', caller: World) => Promise<Example>;
};
export type Examples = Partial<Record<`${Method} /${string}`, RouteExample | RouteExample['make']>>;

/** One for every endpoint: the matrix and the two-project test fail for a route that has none. */
export const examples: Examples = {
  ...sessionExamples,
  ...userExamples,
  ...oauthExamples,
  ...projectExamples,
  ...emailExamples,
  ...webhookExamples,
  ...teamExamples,
  ...keyAndEventExamples,
};

export function exampleOf(route: string): RouteExample | undefined {
  const found = examples[route as keyof Examples];
  return typeof found === 'function' ? { make: found } : found;
}

/** The path of a call: parameters filled in, query added. */
export function pathOf(path: string, example: Example): string {
  const filled = path.replace(/:(\w+)/g, (_match, name: string) => {
    const value = example.params?.[name];
    if (value === undefined) throw new Error(`the example of ${path} has no parameter ${name}`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams(example.query).toString();
  return query === '' ? filled : `${filled}?${query}`;
}
