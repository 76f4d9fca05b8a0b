import type { Wanted } from '@atlas/flags/wanted';

/** What operators ask by flags, as last known; null while nothing is known. */
export type FlagsPort = { readWanted(slice: string): Wanted | null; ageMs(): number };
