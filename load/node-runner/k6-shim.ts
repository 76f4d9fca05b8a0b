import { Metrics } from './metrics.ts';

// What the scripts use of k6, on Node's fetch. The runner resolves `k6` and `k6/http` to this file.
const timeoutMs = 60_000;
let metrics = new Metrics();

/** Begins a new run: everything before (set-up, say) is forgotten. */
export function startMeasuring(): Metrics {
  metrics = new Metrics();
  return metrics;
}

type Answer = { status: number; body: string; json(): unknown };

/** k6's check: each named claim about the answer is counted; a claim that throws does not hold. */
export function check(answer: Answer, claims: Record<string, (answer: Answer) => boolean>): boolean {
  const results = Object.values(claims).map((claim) => isHeld(claim, answer));
  for (const result of results) metrics.checked(result);
  return results.every(Boolean);
}

function isHeld(claim: (answer: Answer) => boolean, answer: Answer): boolean {
  try {
    return claim(answer);
  } catch {
    return false;
  }
}

/** k6's asyncRequest: never throws for an answer; no answer has status 0 and counts as failed, as any status from 400 on. */
async function asyncRequest(
  method: string,
  url: string,
  body: string | null = null,
  params: { headers?: Record<string, string> } = {},
): Promise<Answer> {
  const began = performance.now();
  const { status, text } = await send(url, { method, body, headers: params.headers ?? {}, signal: AbortSignal.timeout(timeoutMs) });
  metrics.request(performance.now() - began, status === 0 || status >= 400);
  return { status, body: text, json: () => JSON.parse(text) };
}

async function send(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    return { status: 0, text: String(error) };
  }
}

export default { asyncRequest };
