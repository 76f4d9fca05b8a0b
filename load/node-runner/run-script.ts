import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { startMeasuring } from './k6-shim.ts';
import { type Metrics, type Summary, summarise } from './metrics.ts';
import { unmet } from './thresholds.ts';

/** Who measured, in every output: figures of this runner are never to be taken for k6's. */
export const toolName = 'atlas load runner on Node (not k6)';

type Scenario = { executor: string; rate: number; timeUnit?: string; duration: string; maxVUs?: number };
type Script = {
  options: { scenarios: Record<string, Scenario>; thresholds?: Record<string, string[]> };
  setup?(): Promise<unknown>;
  default(data: unknown): Promise<void>;
};

/** Runs the one scenario of a k6 script at its arrival rate, open loop. Settings come through `env` as `__ENV`. */
export async function runScript(
  path: string,
  env: Record<string, string>,
): Promise<{ summary: Summary; unmet: string[]; errors: string[] }> {
  const script = await load(path, env);
  const [scenario] = Object.values(script.options.scenarios);
  if (scenario?.executor !== 'constant-arrival-rate') throw new Error('this runner knows one scenario with constant-arrival-rate');
  const data = await script.setup?.();
  const metrics = startMeasuring();
  await arrive(scenario, metrics, () => script.default(data));
  const summary = summarise(toolName, metrics);
  return { summary, unmet: unmet(script.options.thresholds ?? {}, summary), errors: metrics.errors };
}

async function load(path: string, env: Record<string, string>): Promise<Script> {
  Object.assign(globalThis, { __ENV: env });
  const shim = new URL('k6-shim.ts', import.meta.url).href;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'k6' || specifier.startsWith('k6/') ? { url: shim, shortCircuit: true } : next(specifier, context),
  });
  try {
    return (await import(pathToFileURL(path).href)) as Script;
  } finally {
    hooks.deregister();
  }
}

/** Starts an iteration whenever its time has come, however slow earlier ones are; one that finds `maxVUs` under way is dropped and counted. */
async function arrive(scenario: Scenario, metrics: Metrics, iterate: () => Promise<void>): Promise<void> {
  const perMs = scenario.rate / milliseconds(scenario.timeUnit ?? '1s');
  const total = Math.round(perMs * milliseconds(scenario.duration));
  const under = new Set<Promise<void>>();
  const began = performance.now();
  for (let n = 0; n < total; n += 1) {
    const dueMs = began + n / perMs - performance.now();
    if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    if (under.size >= (scenario.maxVUs ?? 100)) {
      metrics.droppedIterations += 1;
      continue;
    }
    const one = iterate()
      .catch((error: unknown) => metrics.threw(error))
      .finally(() => under.delete(one));
    metrics.iterations += 1;
    under.add(one);
  }
  await Promise.all(under);
}

function milliseconds(duration: string): number {
  const [, amount = '', unit = ''] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  const factor = { ms: 1, s: 1_000, m: 60_000 }[unit];
  if (factor === undefined) throw new Error(`"${duration}" is no duration like 500ms, 10s or 2m`);
  return Number(amount) * factor;
}
