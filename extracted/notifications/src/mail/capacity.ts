/** Mails a second that a project is told it may count on; a boost multiplies them for a while. It is told, not enforced: the worker sends as fast as it can. */
const ratePerSecond = 10;
const boostMultiplier = 4;

/** What a project may send now. No mail server tells us of bounces or spam, so nothing is taken off. */
export function capacityAt(now: Date, boostExpiresAt: Date | null) {
  const isBoosted = boostExpiresAt !== null && boostExpiresAt > now;
  return {
    rate_per_second: ratePerSecond * (isBoosted ? boostMultiplier : 1),
    boost_multiplier: isBoosted ? boostMultiplier : 1,
    penalty_factor: 1,
    is_boost_active: isBoosted,
    boost_expires_at: isBoosted ? boostExpiresAt.toISOString() : null,
  };
}
