import { override, removeKeysFromConfig } from '@stackframe/stack-shared/dist/config/format';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { branchConfigSourceSchema, jsonStringSchema, yupArray, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { database } from '../database.ts';
import { configLayers, configSelect } from '../projects/config-layers.ts';
import type { ConfigLayers } from '../projects/project-config.ts';
import { adminOnly, endpoint, serverOrHigher } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { asConfig, type BranchKey, changeOverride, type Level, levels } from './change-override.ts';
import { type ConfigSource, configSource, setConfigSource, unlinkConfigSource } from './config-source.ts';
import { parseOverride } from './parse-override.ts';
import { renderedConfig } from './rendered-config.ts';

const keysMax = 1_000;
const path = '/internal/config/override/:level';
const atLevel = yupObject({ level: yupString().oneOf(levels).defined() }).defined();
const replacement = yupObject({
  config_string: jsonStringSchema.defined(),
  source: (branchConfigSourceSchema as AnySchema).optional(),
}).defined();
const done = { success: true };

export const configEndpoints = [
  endpoint({
    method: 'GET',
    path: '/internal/config',
    access: adminOnly,
    handle: async ({ auth }) => json(200, { config_string: JSON.stringify(await renderedConfig(await layersOf(branchOf(auth)))) }),
  }),
  endpoint({
    method: 'GET',
    path,
    access: serverOrHigher,
    params: atLevel,
    handle: async ({ auth, params }) => {
      assertMayReach(auth, params.level);
      const layers = await layersOf(branchOf(auth));
      return json(200, { config_string: JSON.stringify(asConfig(layers[params.level])) });
    },
  }),
  endpoint({
    method: 'PUT',
    path,
    access: serverOrHigher,
    params: atLevel,
    body: replacement,
    handle: async ({ auth, params: { level }, body }) => {
      assertMayReach(auth, level);
      const config = await parseOverride(level, body.config_string);
      const source = (body.source ?? { type: 'unlinked' }) as ConfigSource;
      await database().$transaction(async (tx) => {
        await changeOverride(tx, level, branchOf(auth), () => config);
        if (level === 'branch') await setConfigSource(tx, branchOf(auth), source);
      });
      return json(200, done);
    },
  }),
  endpoint({
    method: 'PATCH',
    path,
    access: serverOrHigher,
    params: atLevel,
    body: yupObject({ config_override_string: jsonStringSchema.defined() }).defined(),
    handle: async ({ auth, params: { level }, body }) => {
      assertMayReach(auth, level);
      const change = await parseOverride(level, body.config_override_string);
      await database().$transaction((tx) =>
        changeOverride(tx, level, branchOf(auth), (layers) => override(asConfig(layers[level]), change)),
      );
      return json(200, done);
    },
  }),
  endpoint({
    method: 'POST',
    path: `${path}/reset-keys`,
    access: serverOrHigher,
    params: atLevel,
    body: yupObject({ keys: yupArray(yupString().defined()).max(keysMax).defined() }).defined(),
    handle: async ({ auth, params: { level }, body }) => {
      assertMayReach(auth, level);
      await database().$transaction((tx) =>
        changeOverride(tx, level, branchOf(auth), (layers) => removeKeysFromConfig(asConfig(layers[level]), body.keys)),
      );
      return json(200, done);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/internal/config/source',
    access: adminOnly,
    handle: async ({ auth }) => json(200, { source: await configSource(branchOf(auth)) }),
  }),
  endpoint({
    method: 'DELETE',
    path: '/internal/config/source',
    access: adminOnly,
    handle: async ({ auth }) => {
      await unlinkConfigSource(branchOf(auth));
      return json(200, done);
    },
  }),
];

/** Servers keep the branch's settings, which are code; the other layers have secrets and are the owner's. */
function assertMayReach(auth: Auth, level: Level): void {
  if (auth.accessType === 'server' && level !== 'branch') throw new KnownErrors.InsufficientAccessType('server', ['admin']);
}

async function layersOf({ projectId, branchId }: BranchKey): Promise<ConfigLayers> {
  return configLayers(await database().project.findUniqueOrThrow({ where: { id: projectId }, select: configSelect(branchId) }));
}
