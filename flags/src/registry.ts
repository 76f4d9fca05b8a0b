import { phases } from '@atlas/contracts/ledger';

/** Unleash's own kinds; a `release` flag goes when its slice is retired. */
export type FlagKind = 'release' | 'operational' | 'kill-switch';

/** One flag as data: what Unleash shows and who answers for it. `variants` are the values an operator may choose, as payloads. */
export type FlagDefinition = {
  name: string;
  kind: FlagKind;
  owner: string;
  purpose: string;
  payload: 'string' | 'number';
  variants: readonly string[];
};

/** Slices that flags exist for. Adding a slice is adding a word here and a block in migration-plan.md. */
export const flaggedSlices = ['notifications'] as const;

/** Every flag of the house. A flag that is not here does not exist: the importer makes these and no others. */
export const flags: readonly FlagDefinition[] = flaggedSlices.flatMap((slice) => [
  {
    name: migrateFlag(slice),
    kind: 'release',
    owner: 'migration',
    purpose: `Phase the operator wants the slice ${slice} in. The control plane walks there, gate by gate; off asks for nothing.`,
    payload: 'string',
    variants: phases.filter((phase) => phase !== 'retired'),
  },
  {
    name: splitFlag(slice),
    kind: 'release',
    owner: 'migration',
    purpose: `Upper limit, in percent, of the reads of ${slice} that canary may send to the service. The ledger's split is never exceeded; off is no limit.`,
    payload: 'number',
    variants: ['100'],
  },
]);

/** Name of the flag that asks for a slice's phase. */
export function migrateFlag(slice: string): string {
  return `migrate.${slice}`;
}

/** Name of the flag that limits a slice's canary split. */
export function splitFlag(slice: string): string {
  return `split.${slice}`;
}
