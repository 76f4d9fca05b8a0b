import { yupBoolean, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { publishedKeys } from '../auth/access-token.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { endpoint } from '../wire/endpoint.ts';
import { json, text } from '../wire/reply.ts';

/** The keys that access tokens are checked with. */
export const jwksEndpoints = [
  endpoint({
    method: 'GET',
    path: '/projects/:project_id/.well-known/jwks.json',
    access: 'anyone',
    params: yupObject({ project_id: yupString().defined() }).defined(),
    query: yupObject({ include_restricted: yupBoolean().default(false), include_anonymous: yupBoolean().default(false) }).defined(),
    handle: async ({ params, query }) => {
      if (!(await projectExists(params.project_id))) return text(404, 'Project not found.');
      const include = { restricted: query.include_restricted, anonymous: query.include_anonymous };
      return json(
        200,
        { keys: publishedKeys(params.project_id, include, config().serverSecret) },
        { 'cache-control': 'public, max-age=3600' },
      );
    },
  }),
];

async function projectExists(id: string): Promise<boolean> {
  return (await database().project.findUnique({ where: { id }, select: { id: true } })) !== null;
}
