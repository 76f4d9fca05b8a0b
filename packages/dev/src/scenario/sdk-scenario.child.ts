import { Normaliser } from './normalise.ts';
import { waitUntilQuiet } from './quiet.ts';
import { type Exchange, recordFetch } from './recorded-fetch.ts';
import { loadSdk, type SdkTarget, type SdkVersion } from './sdk.ts';
import { type Step, serverScenario, userScenario } from './steps.ts';
import { comparable, type Transcript, type TranscriptStep } from './transcript.ts';

// Runs in a process of its own: one SDK version, settings as JSON in ATLAS_SCENARIO, the transcript as JSON on stdout.
const settings = JSON.parse(process.env['ATLAS_SCENARIO'] ?? '') as { version: SdkVersion; target: SdkTarget; run: string };

let inFlight = 0;
let exchanges: Exchange[] = [];
recordFetch({
  started: () => {
    inFlight += 1;
  },
  ended: (exchange) => {
    inFlight -= 1;
    exchanges.push(exchange);
  },
  isBodyWanted: true,
});

const normaliser = new Normaliser([
  [settings.run, '<run>'],
  [settings.target.baseUrl, '<base>'],
]);
const transcript: Transcript = [];
const step: Step = async (name, call) => {
  exchanges = [];
  const kept = await outcome(call);
  await waitUntilQuiet(() => inFlight);
  const wire = exchanges.map((exchange) => comparable(exchange, normaliser));
  transcript.push({ step: name, result: comparableResult(kept), exchanges: wire });
  return 'value' in kept ? kept.value : undefined;
};

const sdk = await loadSdk(settings.version);
await userScenario(sdk, settings.target, settings.run, step);
await serverScenario(sdk, settings.target, settings.run, step);
process.stdout.write(JSON.stringify(transcript), () => process.exit(0));

async function outcome<T>(call: () => Promise<T>): Promise<{ value: T } | { error: Error }> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function comparableResult(kept: { value: unknown } | { error: Error }): TranscriptStep['result'] {
  if ('error' in kept) return { threw: kept.error.name, message: normaliser.text(kept.error.message) };
  return { value: normaliser.value(plain(kept.value) ?? null) };
}

/** Results of the SDK hold functions and class instances: keep what JSON keeps. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
