/** Headers between the gateway and the two sides. Clients never see or set them. */
export const wire = {
  /** To an upstream: `<slice>=<epoch>`. */
  epoch: 'x-gw-epoch',
  /** To an upstream: WAL position of the owner's last known write of this tenant, `<flow>@<incarnation>:<lsn>`. */
  position: 'x-gw-position',
  /** From an upstream, with status 503: the request changed nothing. `NOT_OWNER` or `EPOCH_TOO_OLD`. */
  notExecuted: 'x-gw-not-executed',
  /** From the gateway to authorised testers only. */
  upstream: 'x-gw-upstream',
  why: 'x-gw-why',
} as const;

/** SQLSTATEs raised by `strangler.*` functions. */
export const sqlStates = {
  /** A write on a side that does not own the unit. */
  notOwner: 'SF001',
  /** `assert_epoch`: the caller's epoch is older than the fence's. */
  epochTooOld: 'SF002',
  /** `set_owner`: the epoch is not greater than the stored one. */
  epochNotNewer: 'SF003',
} as const;

export const notificationCategories = [
  { id: '7bb82d33-2f54-4a3d-9d23-82739e0d66ef', name: 'Transactional', canDisable: false },
  { id: '4f6f8873-3d04-46bd-8bef-18338b1a1b4c', name: 'Marketing', canDisable: true },
] as const;
