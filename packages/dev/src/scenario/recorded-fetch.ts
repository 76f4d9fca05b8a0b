/** One HTTP request of an SDK as seen from its process. `status` is the meant one (`x-stack-actual-status` before the line's), null without an answer. */
export type Exchange = {
  origin: string;
  method: string;
  path: string;
  /** Access type and which tokens went along: `client+tok+refresh`, `server`, or `-` for none. */
  as: string;
  requestBody: string | null;
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
    const request = describe(input, init, observer.isBodyWanted);
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

type Described = Pick<Exchange, 'origin' | 'method' | 'path' | 'as' | 'requestBody'>;

function describe(input: string | URL | Request, init: RequestInit | undefined, isBodyWanted: boolean): Described {
  const url = new URL(input instanceof Request ? input.url : String(input));
  const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
  const body = isBodyWanted && (typeof init?.body === 'string' || init?.body instanceof URLSearchParams) ? String(init.body) : null;
  return { origin: url.origin, method, path: `${url.pathname}${url.search}`, as: identityOf(headers), requestBody: body };
}

function identityOf(headers: Headers): string {
  const has = (name: string) => headers.get(`x-hexclave-${name}`) || headers.get(`x-stack-${name}`) || '';
  const tokens = [has('access-token') === '' ? '' : '+tok', has('refresh-token') === '' ? '' : '+refresh'];
  return `${has('access-type') || '-'}${tokens.join('')}`;
}

function answerOf(response: Response): Pick<Exchange, 'status' | 'knownError' | 'headers'> {
  const actual = response.headers.get('x-stack-actual-status');
  return {
    status: actual === null ? response.status : Number(actual),
    knownError: response.headers.get('x-stack-known-error'),
    headers: Object.fromEntries(response.headers),
  };
}
