import { yupObject } from '@stackframe/stack-shared/dist/schema-fields';
import { config } from '../config.ts';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { portalToken } from './portal-token.ts';

export const webhookEndpoints = [
  endpoint({
    method: 'POST',
    path: '/webhooks/svix-token',
    access: adminOnly,
    body: yupObject({}).optional(),
    handle: async ({ auth }) => json(201, { token: portalToken(auth.project.id, config().serverSecret, new Date()) }),
  }),
];
