const quietMs = 40;
const quietMsMax = 5_000;

/** Resolves once nothing was under way for 40 ms: SDKs start requests of their own after an answer. Throws when that takes over 5 s. */
export async function waitUntilQuiet(inFlight: () => number): Promise<void> {
  const deadline = performance.now() + quietMsMax;
  let quietSince = performance.now();
  while (performance.now() - quietSince < quietMs) {
    if (performance.now() > deadline) throw new Error(`requests are still under way after ${quietMsMax} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (inFlight() > 0) quietSince = performance.now();
  }
}
