/** One HTTP request of an SDK as seen from its process. `status` is the meant one (`x-stack-actual-status` before the line's), null without an answer. */
export type Exchange = {
  method: string;
  path: string;
  status: number | null;
  knownError: string | null;
  headers: Record<string, string>;
  body: string | null;
  ms: number;
  error: string | null;
};

/** Who is told. `started` is called before the request leaves, `ended` when its answer is complete or it failed. */
export type FetchObserver = { started?(): void; ended(exchange: Exchange): void; isBodyWanted: boolean };

/**
 * Puts a listener around this process's fetch; the SDK itself stays as published. Call it before an SDK is loaded.
 * Answers a function that puts the former fetch back.
 */
export function recordFetch(observer: FetchObserver): () => void {
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = describe(input, init);
    const began = performance.now();
    observer.started?.();
    try {
      const response = await original(input, init);
      const body = observer.isBodyWanted ? await response.clone().text() : null;
      observer.ended({ ...request, ...answerOf(response), body, ms: performance.now() - began, error: null });
      return response;
    } catch (error) {
      const none = { status: null, knownError: null, headers: {}, body: null };
      observer.ended({ ...request, ...none, ms: performance.now() - began, error: String(error) });
      throw error;
    }
  };
  return () => {
    globalThis.fetch = original;
  };
}

function describe(input: string | URL | Request, init?: RequestInit): { method: string; path: string } {
  const url = new URL(input instanceof Request ? input.url : String(input));
  const method = init?.method ?? (input instanceof Request ? input.method : 'GET');
  return { method: method.toUpperCase(), path: `${url.pathname}${url.search}` };
}

function answerOf(response: Response): Pick<Exchange, 'status' | 'knownError' | 'headers'> {
  const actual = response.headers.get('x-stack-actual-status');
  return {
    status: actual === null ? response.status : Number(actual),
    knownError: response.headers.get('x-stack-known-error'),
    headers: Object.fromEntries(response.headers),
  };
}
