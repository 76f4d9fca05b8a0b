import { yupMixed, yupObject } from '@stackframe/stack-shared/dist/schema-fields';
import { config } from '../config.ts';
import { endpoint } from '../wire/endpoint.ts';
import { json, text } from '../wire/reply.ts';

/** What clients ask about the server itself, before they are anybody. */
export const serverInfoEndpoints = [
  endpoint({
    method: 'GET',
    path: '/',
    access: 'anyone',
    handle: async () => text(200, 'Welcome to the API. See https://docs.stack-auth.com for its documentation.'),
  }),
  endpoint({
    method: 'POST',
    path: '/check-version',
    access: 'anyone',
    body: yupObject({ clientVersion: yupMixed<string>().optional() }).defined(),
    handle: async () => json(200, { upToDate: true }),
  }),
  endpoint({
    method: 'POST',
    path: '/check-feature-support',
    access: 'anyone',
    body: yupMixed().optional(),
    handle: async () => text(200, 'This server does not support the feature. Please update it, or do without.'),
  }),
  endpoint({
    method: 'GET',
    path: '/internal/backend-urls',
    access: 'anyone',
    handle: async () => json(200, { urls: [config().publicApiUrl] }),
  }),
];
