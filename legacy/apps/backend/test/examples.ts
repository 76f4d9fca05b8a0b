import type { Example, Examples, RouteExample } from './example.ts';
import { emailExamples } from './examples/emails.ts';
import { keyAndEventExamples } from './examples/keys-and-events.ts';
import { oauthExamples } from './examples/oauth.ts';
import { paymentExamples } from './examples/payments.ts';
import { projectExamples } from './examples/projects.ts';
import { serverInfoExamples } from './examples/server-info.ts';
import { sessionExamples } from './examples/sessions.ts';
import { teamExamples } from './examples/teams.ts';
import { userExamples } from './examples/users.ts';
import { webhookExamples } from './examples/webhooks.ts';

/** One for every endpoint: the matrix and the two-project test fail for a route that has none. */
export const examples: Examples = {
  ...sessionExamples,
  ...userExamples,
  ...oauthExamples,
  ...projectExamples,
  ...paymentExamples,
  ...serverInfoExamples,
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
