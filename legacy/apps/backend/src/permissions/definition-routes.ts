import {
  projectPermissionDefinitionsCrudAdminCreateSchema,
  projectPermissionDefinitionsCrudAdminUpdateSchema,
} from '@stackframe/stack-shared/dist/interface/crud/project-permissions';
import {
  teamPermissionDefinitionsCrudAdminCreateSchema,
  teamPermissionDefinitionsCrudAdminUpdateSchema,
} from '@stackframe/stack-shared/dist/interface/crud/team-permissions';
import { permissionDefinitionIdSchema, yupObject } from '@stackframe/stack-shared/dist/schema-fields';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { changeEnvironment } from '../config-overrides/change-override.ts';
import { database, type Transaction } from '../database.ts';
import { adminOnly, type Endpoint, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import {
  addDefinition,
  changeDefinition,
  type DefinitionChange,
  findDefinition,
  listDefinitions,
  type Rbac,
  rbacChanges,
  removeDefinition,
  type Scope,
} from './definitions.ts';
import { lockDefinitions } from './hold-definitions.ts';

const permissionId = yupObject({ permission_id: permissionDefinitionIdSchema.defined() }).defined();
const schemas = {
  team: { create: teamPermissionDefinitionsCrudAdminCreateSchema, update: teamPermissionDefinitionsCrudAdminUpdateSchema },
  project: { create: projectPermissionDefinitionsCrudAdminCreateSchema, update: projectPermissionDefinitionsCrudAdminUpdateSchema },
};

export const permissionDefinitionEndpoints = [...endpointsOf('team'), ...endpointsOf('project')];

/** Both scopes are managed alike. */
function endpointsOf(scope: Scope): Endpoint[] {
  const path = `/${scope}-permission-definitions` as const;
  return [
    endpoint({
      method: 'GET',
      path,
      access: adminOnly,
      handle: async ({ auth }) => json(200, { items: listDefinitions(auth.project.config.rbac, scope), is_paginated: false }),
    }),
    endpoint({
      method: 'POST',
      path,
      access: adminOnly,
      body: schemas[scope].create,
      handle: async ({ auth, body }) => {
        const rbac = await change(
          auth,
          (before) => addDefinition(before, scope, body),
          (tx) => removeHeld(tx, auth.tenancyId, body.id),
        );
        return json(201, findDefinition(rbac, scope, body.id));
      },
    }),
    endpoint({
      method: 'PATCH',
      path: `${path}/:permission_id`,
      access: adminOnly,
      params: permissionId,
      body: schemas[scope].update,
      handle: async ({ auth, params, body }) => {
        const { permission_id: id } = params;
        const input: DefinitionChange = body;
        const newId = input.id ?? id;
        const rbac = await change(
          auth,
          (before) => changeDefinition(before, scope, id, input),
          (tx) => (newId === id ? Promise.resolve() : renameHeld(tx, auth.tenancyId, id, newId)),
        );
        return json(200, findDefinition(rbac, scope, newId));
      },
    }),
    endpoint({
      method: 'DELETE',
      path: `${path}/:permission_id`,
      access: adminOnly,
      params: permissionId,
      handle: async ({ auth, params }) => {
        await change(
          auth,
          (before) => removeDefinition(before, scope, params.permission_id),
          (tx) => removeHeld(tx, auth.tenancyId, params.permission_id),
        );
        return json(200, { success: true });
      },
    }),
  ];
}

/** Settings and the permissions people hold change in one transaction. */
async function change(auth: Auth, decide: (rbac: Rbac) => Rbac, after: (tx: Transaction) => Promise<void>): Promise<Rbac> {
  return database().$transaction(async (tx) => {
    await lockDefinitions(tx, auth.tenancyId);
    let changed: Rbac | undefined;
    await changeEnvironment(tx, branchOf(auth), (config) => {
      changed = decide(config.rbac);
      return rbacChanges(config.rbac, changed);
    });
    await after(tx);
    if (changed === undefined) throw new Error('nothing was decided');
    return changed;
  });
}

async function renameHeld(tx: Transaction, tenancyId: string, permissionIdBefore: string, permissionIdAfter: string): Promise<void> {
  await removeHeld(tx, tenancyId, permissionIdAfter);
  const change = { where: { tenancyId, permissionId: permissionIdBefore }, data: { permissionId: permissionIdAfter } };
  await tx.teamMemberDirectPermission.updateMany(change);
  await tx.projectUserDirectPermission.updateMany(change);
}

/** Also before a name is given to something new: settings may have been replaced whole, and left people with what no longer was. */
async function removeHeld(tx: Transaction, tenancyId: string, id: string): Promise<void> {
  await tx.teamMemberDirectPermission.deleteMany({ where: { tenancyId, permissionId: id } });
  await tx.projectUserDirectPermission.deleteMany({ where: { tenancyId, permissionId: id } });
}
