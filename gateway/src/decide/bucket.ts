import murmurhash from 'murmurhash3js';

/**
 * The bucket 0–9999 of one stickiness value within a group (the slice). Unleash's own hash (murmur3_x86_32 of `group:value`, seed 0),
 * so `bucket < percent * 100` agrees with its console at whole percents; the hundreds below make finer steps possible.
 */
export function bucketOf(group: string, stickiness: string): number {
  const hash = murmurhash.x86.hash32(`${group}:${stickiness}`, 0);
  return (hash % 100) * 100 + (Math.floor(hash / 100) % 100);
}
