/**
 * Shares one query among many who ask. Who asks while a query is in flight takes the next one, because the one in flight may have read
 * before their write ended (sync-and-cutover.md §13).
 */
export function coalesced<T>(query: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;
  const start = (): Promise<T> => {
    const own = query().finally(() => {
      if (running === own) running = undefined;
    });
    running = own;
    return own;
  };
  const startNext = (): Promise<T> => {
    next = undefined;
    return start();
  };
  return () => {
    if (running === undefined) return start();
    next ??= running.then(startNext, startNext);
    return next;
  };
}
