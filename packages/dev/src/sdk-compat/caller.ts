import { type Normaliser, plain } from '../scenario/normalise.ts';
import { waitUntilQuiet } from '../scenario/quiet.ts';
import { type Exchange, recordFetch } from '../scenario/recorded-fetch.ts';
import { comparable } from '../scenario/transcript.ts';
import type { CallExchange, CallRecord, CallResult } from './call.ts';

const secondsMax = 20;

/** `refused`: the code of the error that the call ought to end with. */
type CallOptions = { refused?: string };

/** Makes calls one after another and keeps what they gave and what went over the wire. It records this process's fetch from its making on. */
export class Caller {
  readonly records: CallRecord[] = [];
  readonly #normaliser: Normaliser;
  #exchanges: { exchange: Exchange; began: number }[] = [];
  #inFlight = 0;

  /** Only requests to `origin` are kept: mails are read and pages are opened beside the calls. */
  constructor(options: { origin: string; normaliser: Normaliser }) {
    this.#normaliser = options.normaliser;
    recordFetch({
      started: () => {
        this.#inFlight += 1;
      },
      ended: (exchange) => {
        this.#inFlight -= 1;
        if (exchange.origin === options.origin) this.#exchanges.push({ exchange, began: performance.now() - exchange.ms });
      },
      isBodyWanted: true,
    });
  }

  /** One recorded call. Answers its value, or undefined when it was refused or threw: the run goes on. */
  async call<T>(name: string, run: () => Promise<T>, options: CallOptions = {}): Promise<T | undefined> {
    await this.#quiet();
    this.#exchanges = [];
    const outcome = await settle(() => atMost(secondsMax, run));
    await this.#quiet();
    // In the order they left: which of two at once is answered first is the machine's.
    const inOrder = this.#exchanges.toSorted((one, other) => one.began - other.began);
    const exchanges = inOrder.map(({ exchange }) => this.#comparable(exchange));
    const result = this.#resultOf(outcome);
    const refusal = 'refusal' in result ? result.refusal : undefined;
    this.records.push({ call: name, works: refusal === options.refused, result, exchanges });
    return 'value' in outcome && refusal === undefined ? outcome.value : undefined;
  }

  /** Resolves when the call under way got an answer from this path, within its twenty seconds. */
  async answered(path: string): Promise<void> {
    const deadline = performance.now() + secondsMax * 1000;
    while (!this.#exchanges.some(({ exchange }) => exchange.path.endsWith(path))) {
      if (performance.now() > deadline) throw new Error(`nothing was asked of ${path}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** A group of calls with what they need beside them. What breaks it is a record of its own, and the next group goes on. */
  async group(name: string, run: () => Promise<void>): Promise<void> {
    const outcome = await settle(run);
    if ('value' in outcome) return;
    this.records.push({ call: `${name}: preparing`, works: false, result: this.#resultOf(outcome), exchanges: [] });
  }

  #quiet(): Promise<void> {
    return waitUntilQuiet(() => this.#inFlight);
  }

  #resultOf(outcome: { value: unknown } | { error: Error }): CallResult {
    if ('error' in outcome) return this.#refusal(outcome.error);
    const { value } = outcome;
    if (value instanceof Error) return this.#refusal(value);
    if (isErrorResult(value)) return this.#refusal(value.error);
    return { value: this.#normaliser.value(plain(value) ?? null) };
  }

  #refusal(error: Error): CallResult {
    const code = (error as { errorCode?: unknown }).errorCode;
    return { refusal: typeof code === 'string' ? code : error.name, message: this.#normaliser.text(error.message) };
  }

  #comparable(exchange: Exchange): CallExchange {
    const { method, path, as, requestBody } = exchange;
    const body = requestBody === null ? null : this.#normaliser.value(parsedBody(requestBody));
    const request = { method, path: this.#normaliser.text(path), as, body };
    return { request, response: comparable(exchange, this.#normaliser) };
  }
}

/** The value a later call needs of an earlier one. Throws when that one gave none. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`there is no ${what}: an earlier call did not give it`);
  return value;
}

async function atMost<T>(seconds: number, run: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it did not end within ${seconds} s`)), seconds * 1000);
  try {
    return await Promise.race([run(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function settle<T>(run: () => Promise<T>): Promise<{ value: T } | { error: Error }> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function isErrorResult(value: unknown): value is { status: 'error'; error: Error } {
  return typeof value === 'object' && value !== null && 'status' in value && value.status === 'error' && 'error' in value;
}

function parsedBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return Object.fromEntries(new URLSearchParams(text));
  }
}
