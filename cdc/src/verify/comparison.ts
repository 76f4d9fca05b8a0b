import type { VerifyMismatch } from '@atlas/contracts/flow';
import type { Side } from '@atlas/contracts/ledger';
import type { Pool } from '@atlas/kit/postgres';
import type { Flow, FlowTable } from '../flows.ts';

export type Databases = Record<Side, Pool>;

/** A table on both sides, and the flow whose progress says when the target is up to date. */
export type Comparison = { entry: FlowTable; flow: Flow };

/** One confirmed difference, with the key as values. */
export type Finding = { entry: FlowTable; pk: string; key: string[]; problem: VerifyMismatch['problem'] };

/** What a comparison found. */
export type Comparisons = { tables: { table: string; rows: number }[]; suspects: number; confirmed: number; findings: Finding[] };
