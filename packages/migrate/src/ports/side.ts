/** What a data database says about one unit: may it write here, and in which epoch. */
export type Fence = { owner: 'here' | 'none'; epoch: bigint };
export type UnitKey = { slice: string; tenant: string };

/** One side's data database, through `strangler.*` functions only. */
export type SideDatabase = {
  fence(unit: UnitKey): Promise<Fence>;
  /**
   * One transaction: `set_owner` and a marker in `flow`. Asks for the lock in short slices until `waitMsMax`.
   * Throws what the database says; SQLSTATE SF003 when the stored epoch is not older. Any other throw leaves the outcome unknown.
   */
  setOwnerAndMark(unit: UnitKey, fence: Fence, options: { flow: string; waitMsMax: number }): Promise<void>;
  tick(flow: string): Promise<void>;
  /** Whether a marker that came *into* this database was applied, and whether nothing of the unit was parked then. */
  markerApplied(flow: string, unit: UnitKey, epoch: bigint): Promise<{ clean: boolean } | null>;
  /** Age of the oldest open transaction that has written here; 0 when there is none. */
  longestWriterMs(): Promise<number>;
  close(): Promise<void>;
};
