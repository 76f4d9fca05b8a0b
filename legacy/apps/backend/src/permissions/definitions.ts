import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@stackframe/stack-shared/dist/config/format';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { PermissionConfig, ProjectConfig } from '../projects/project-config.ts';
import { isSystemPermission, systemPermissions } from './system-permissions.ts';

export type Scope = 'team' | 'project';
export type Rbac = ProjectConfig['rbac'];
type Grants = Record<string, boolean | undefined>;

/** A permission as admins see and define it. */
export type Definition = { id: string; description?: string; contained_permission_ids: string[] };
export type DefinitionChange = {
  id?: string | undefined;
  description?: string | undefined;
  contained_permission_ids?: string[] | undefined;
};

/** A permission's id is a key in the settings, and this one every object has already. */
const unstorableId = '__proto__';

/** Every permission of a scope: those of the system, then the project's own by id. */
export function listDefinitions(rbac: Rbac, scope: Scope): Definition[] {
  const system =
    scope === 'team'
      ? Object.entries(systemPermissions).map(([id, description]) => ({ id, description, contained_permission_ids: [] }))
      : [];
  const own = Object.keys(rbac.permissions)
    .filter((id) => scopeOf(rbac, id) === scope)
    .sort()
    .map((id) => definitionOf(id, rbac.permissions[id] ?? {}));
  return [...system, ...own];
}

/** Adds a permission. Throws PERMISSION_ID_ALREADY_EXISTS, CONTAINED_PERMISSION_NOT_FOUND. Pure: answers the settings to be. */
export function addDefinition(rbac: Rbac, scope: Scope, definition: DefinitionChange & { id: string }): Rbac {
  assertIdFree(rbac, definition.id);
  const contained = definition.contained_permission_ids ?? [];
  assertContainedExist(rbac, scope, contained);
  return { ...rbac, permissions: { ...rbac.permissions, [definition.id]: permissionConfig(scope, definition.description, contained) } };
}

/** Changes a permission; a new id is taken over wherever the old one stood. Throws PERMISSION_NOT_FOUND and those of `addDefinition`. */
export function changeDefinition(rbac: Rbac, scope: Scope, id: string, change: DefinitionChange): Rbac {
  const before = ownPermission(rbac, scope, id);
  const newId = change.id ?? id;
  if (newId !== id) assertIdFree(rbac, newId);
  const contained = change.contained_permission_ids ?? definitionOf(id, before).contained_permission_ids;
  assertContainedExist(rbac, scope, change.contained_permission_ids ?? []);
  const { [id]: _old, ...others } = rbac.permissions;
  const permissions = { ...others, [newId]: permissionConfig(scope, change.description ?? before.description, contained) };
  return replaceId({ ...rbac, permissions }, id, newId);
}

/** Removes a permission, wherever it stood. Throws PERMISSION_NOT_FOUND. */
export function removeDefinition(rbac: Rbac, scope: Scope, id: string): Rbac {
  ownPermission(rbac, scope, id);
  const { [id]: _old, ...permissions } = rbac.permissions;
  return replaceId({ ...rbac, permissions }, id, null);
}

/**
 * What to store, as paths, to come from the one to the other: only what differs, so that the rest still follows the lower layers of the
 * settings. Null takes away, also what a lower layer has.
 */
export function rbacChanges(before: Rbac, after: Rbac): Config {
  return {
    ...changes('rbac.permissions', before.permissions, after.permissions),
    ...changes('rbac.defaultPermissions', before.defaultPermissions, after.defaultPermissions),
  };
}

function changes(path: string, before: Record<string, object>, after: Record<string, object>): Config {
  const keys = Object.keys({ ...before, ...after }).filter((key) => !isDeepStrictEqual(before[key], after[key]));
  return Object.fromEntries(keys.map((key) => [`${path}.${key}`, after[key] ?? null])) as Config;
}

export function findDefinition(rbac: Rbac, scope: Scope, id: string): Definition {
  return definitionOf(id, ownPermission(rbac, scope, id));
}

/** Throws PERMISSION_NOT_FOUND, or WRONG_PERMISSION_SCOPE, unless the permission can be held in the scope. */
export function assertPermissionExists(rbac: Rbac, scope: Scope, id: string): void {
  const actual = isSystemPermission(id) ? 'team' : scopeOf(rbac, id);
  if (actual === undefined) throw new KnownErrors.PermissionNotFound(id);
  if (actual !== scope) throw new KnownErrors.PermissionScopeMismatch(id, scope, actual);
}

/** The scope of a project's own permission; undefined when there is none. One stored without a scope is a team's. */
function scopeOf(rbac: Rbac, id: string): Scope | undefined {
  if (!Object.hasOwn(rbac.permissions, id)) return undefined;
  return rbac.permissions[id]?.scope ?? 'team';
}

function ownPermission(rbac: Rbac, scope: Scope, id: string): PermissionConfig {
  if (scopeOf(rbac, id) !== scope) throw new KnownErrors.PermissionNotFound(id);
  return rbac.permissions[id] ?? {};
}

function assertIdFree(rbac: Rbac, id: string): void {
  if (isSystemPermission(id) || id === unstorableId || Object.hasOwn(rbac.permissions, id))
    throw new KnownErrors.PermissionIdAlreadyExists(id);
}

function assertContainedExist(rbac: Rbac, scope: Scope, ids: readonly string[]): void {
  const missing = ids.find((id) => !(scope === 'team' && isSystemPermission(id)) && scopeOf(rbac, id) !== scope);
  if (missing !== undefined) throw new KnownErrors.ContainedPermissionNotFound(missing);
}

function permissionConfig(scope: Scope, description: string | undefined, contained: readonly string[]): PermissionConfig {
  return {
    ...(description === undefined ? {} : { description }),
    scope,
    containedPermissionIds: Object.fromEntries(contained.map((id) => [id, true])),
  };
}

function definitionOf(id: string, permission: PermissionConfig): Definition {
  return {
    id,
    ...(permission.description === undefined ? {} : { description: permission.description }),
    contained_permission_ids: granted(permission.containedPermissionIds ?? {}).sort(),
  };
}

/** The same settings with one id under another name, or gone, in all permissions that contain it and in the defaults. */
function replaceId(rbac: Rbac, id: string, newId: string | null): Rbac {
  const renamed = (grants: Grants): Grants => {
    const { [id]: isGranted, ...others } = grants;
    if (isGranted === undefined || newId === id) return grants;
    return newId === null ? others : { ...others, [newId]: isGranted };
  };
  const { teamCreator, teamMember, signUp } = rbac.defaultPermissions;
  return {
    permissions: Object.fromEntries(
      Object.entries(rbac.permissions).map(([key, permission]) => {
        const contained = permission.containedPermissionIds;
        return [key, contained === undefined ? permission : { ...permission, containedPermissionIds: renamed(contained) }];
      }),
    ),
    defaultPermissions: { teamCreator: renamed(teamCreator), teamMember: renamed(teamMember), signUp: renamed(signUp) },
  };
}

function granted(grants: Grants): string[] {
  return Object.keys(grants).filter((id) => grants[id] === true);
}
