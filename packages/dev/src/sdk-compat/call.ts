/** One request of a call as two runs compare it: made the same by replacing ids, times and secrets. */
export type CallExchange = { request: CallRequest; response: unknown };
export type CallRequest = { method: string; path: string; as: string; body: unknown };

/** What a call gave its caller. `refusal` is the known error's code, or the name of what was thrown. */
export type CallResult = { value: unknown } | { refusal: string; message: string };

/** One call of the SDK in one run. `works`: it gave what it should, be it a refusal. */
export type CallRecord = { call: string; works: boolean; result: CallResult; exchanges: CallExchange[] };
