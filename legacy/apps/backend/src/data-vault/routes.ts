import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { config } from '../config.ts';
import { database } from '../database.ts';
import { endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { type Sealed, seal, unseal } from './vault.ts';

const hashedKeyCharactersMax = 500;
const valueCharactersMax = 500_000;
const storeId = yupObject({ id: yupString().defined() }).defined();
const hashedKey = yupString().max(hashedKeyCharactersMax).defined();

export const dataVaultEndpoints = [
  endpoint({
    method: 'POST',
    path: '/data-vault/stores/:id/get',
    access: serverOrHigher,
    params: storeId,
    body: yupObject({ hashed_key: hashedKey }).defined(),
    handle: async ({ auth, params, body }) => {
      const place = placeOf(auth, params.id, body.hashed_key);
      const row = await database().dataVaultEntry.findUnique({ where: { tenancyId_storeId_hashedKey: place } });
      if (row === null) throw new KnownErrors.DataVaultStoreHashedKeyDoesNotExist(params.id, body.hashed_key);
      return json(200, { encrypted_value: unseal(row.encrypted as Sealed, place, config().serverSecret) });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/data-vault/stores/:id/set',
    access: serverOrHigher,
    params: storeId,
    body: yupObject({ hashed_key: hashedKey, encrypted_value: yupString().max(valueCharactersMax).defined() }).defined(),
    handle: async ({ auth, params, body }) => {
      const place = placeOf(auth, params.id, body.hashed_key);
      const encrypted = seal(body.encrypted_value, place, config().serverSecret);
      await database().dataVaultEntry.upsert({
        where: { tenancyId_storeId_hashedKey: place },
        create: { ...place, encrypted },
        update: { encrypted },
      });
      return json(200, { success: true });
    },
  }),
];

/** Throws DATA_VAULT_STORE_DOES_NOT_EXIST for a store the settings do not name. */
function placeOf(auth: Auth, id: string, key: string) {
  if (!Object.hasOwn(auth.project.config.dataVault.stores, id)) throw new KnownErrors.DataVaultStoreDoesNotExist(id);
  return { tenancyId: auth.tenancyId, storeId: id, hashedKey: key };
}
