import type { DoctorCheck, DryRun, IntentReport, IntentRequest, JournalReport, StatusReport } from '@atlas/contracts/control';
import type { ParkedEvent, VerifyReport } from '@atlas/contracts/flow';
import type { Evidence } from '@atlas/contracts/ledger';

/** What operators can ask the control plane: the server answers it over HTTP, `--local` in the CLI's own process. */
export type ControlApi = {
  status(): Promise<StatusReport>;
  /** Records a wish; what becomes of it is its intent's state. Throws NOT_FOUND (no such slice). */
  ask(request: IntentRequest): Promise<IntentReport>;
  /** What a wish would do. Changes nothing. */
  dryRun(request: IntentRequest): Promise<DryRun>;
  intent(id: number): Promise<IntentReport>;
  withdraw(id: number, reason: string): Promise<IntentReport>;
  verify(slice: string): Promise<VerifyReport>;
  parked(): Promise<ParkedEvent[]>;
  journal(after: bigint, limit: number): Promise<JournalReport>;
  recordEvidence(evidence: Evidence): Promise<number>;
  forgetGateway(id: string, isAttested: boolean): Promise<void>;
  doctor(): Promise<DoctorCheck[]>;
};
