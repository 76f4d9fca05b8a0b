import type { DoctorCheck } from '@atlas/contracts/control';

/** One group of checks; it never throws: what cannot be looked at is a check that is unknown. */
export type DoctorPorts = { groups: readonly (() => Promise<DoctorCheck[]>)[] };
