import type { Transaction } from '../database.ts';
import type { Rbac } from './definitions.ts';
import { holdDefinitions } from './hold-definitions.ts';

type Role = keyof Rbac['defaultPermissions'];

/** The permissions that everyone in a role gets, held against change until the transaction ends. Costs nothing where there are none. */
export async function defaultPermissions(
  tx: Transaction,
  owner: { tenancyId: string; config: { rbac: Rbac } },
  role: Role,
): Promise<string[]> {
  if (idsOf(owner.config.rbac, role).length === 0) return [];
  return idsOf(await holdDefinitions(tx, owner.tenancyId), role);
}

function idsOf(rbac: Rbac, role: Role): string[] {
  const granted = rbac.defaultPermissions[role];
  return Object.keys(granted).filter((id) => granted[id] === true);
}
