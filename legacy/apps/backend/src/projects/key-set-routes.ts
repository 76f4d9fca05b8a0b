import { internalApiKeysCreateInputSchema, internalApiKeysCrud } from '@stackframe/stack-shared/dist/interface/crud/internal-api-keys';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { changeKeySet, createdKeySet, createKeySet, findKeySet, listKeySets, shownKeySet } from './key-set.ts';

const keySetId = yupObject({ api_key_id: yupString().uuid().defined() }).defined();

/** The keys programs show for a project. */
export const keySetEndpoints = [
  endpoint({
    method: 'GET',
    path: '/internal/api-keys',
    access: adminOnly,
    handle: async ({ auth }) => json(200, { items: (await listKeySets(auth.project.id)).map(shownKeySet), is_paginated: false }),
  }),
  endpoint({
    method: 'POST',
    path: '/internal/api-keys',
    access: adminOnly,
    body: internalApiKeysCreateInputSchema.defined(),
    handle: async ({ auth, body }) => json(200, createdKeySet(await createKeySet(auth.project.id, body))),
  }),
  endpoint({
    method: 'GET',
    path: '/internal/api-keys/:api_key_id',
    access: adminOnly,
    params: keySetId,
    handle: async ({ auth, params }) => json(200, shownKeySet(await findKeySet({ projectId: auth.project.id, id: params.api_key_id }))),
  }),
  endpoint({
    method: 'PATCH',
    path: '/internal/api-keys/:api_key_id',
    access: adminOnly,
    params: keySetId,
    body: internalApiKeysCrud.admin.updateSchema,
    handle: async ({ auth, params, body }) => {
      const row = await changeKeySet({ projectId: auth.project.id, id: params.api_key_id }, body);
      return json(200, shownKeySet(row));
    },
  }),
];
