import type { FlowStatus, ParkedEvent, VerifyReport, VerifyRequest } from '@atlas/contracts/flow';

/** cdc's admin API. Every call throws UNAVAILABLE when cdc does not answer in time. */
export type Cdc = {
  flow(flow: string): Promise<FlowStatus>;
  verify(request: VerifyRequest, timeoutMs: number): Promise<VerifyReport>;
  backfill(flow: string, unit: { tenant: string; epoch: bigint }): Promise<void>;
  parked(flow: string): Promise<ParkedEvent[]>;
};
