/** One record of a flow's topic. `value` is JSON text; null only if somebody wrote a tombstone. */
export type StreamRecord = { offset: bigint; value: string | null };

/** What the broker says about the topic: `nextOffset` is one past the newest record, `identity` tells this topic from one made anew under its name. */
export type StreamBounds = { firstOffset: bigint; nextOffset: bigint; identity: string | null };

/**
 * The one partition of a flow's topic, read committed and in order. `open` before `read`; `read` waits up to `waitMs` and answers [] then.
 * A broken connection rejects: close, and open again.
 */
export type EventStream = {
  bounds(): Promise<StreamBounds>;
  open(from: bigint): Promise<void>;
  read(waitMs: number): Promise<StreamRecord[]>;
  close(): Promise<void>;
};
