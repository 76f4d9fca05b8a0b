/**
 * What one flow's applier is doing.
 * `starting`: set when cdc starts or an operator resumes; nothing has been tried.
 * `connecting`: set by the applier before it takes the flow over and opens the stream.
 * `applying`: set once the first read is under way; the only state in which rows are written.
 * `retrying`: set after an error the policy retries; back to `connecting` by itself.
 * `stopped`: set after an error the policy stops for (also stored at the target); left by resume or a restart only.
 * `closed`: set by stop().
 */
export type ReplicaState =
  | { name: 'starting' | 'connecting' | 'applying' | 'closed' }
  | { name: 'retrying'; code: string; message: string; retryAt: number }
  | { name: 'stopped'; code: string; message: string; next: string };
