import { spawn } from 'node:child_process';

/**
 * Runs a child that loads one SDK version: settings go as JSON in ATLAS_SCENARIO, its answer comes as JSON on stdout. Throws with its last
 * words when it fails or takes too long.
 */
export async function runSdkChild<Answer>(file: string, settings: object, secondsMax: number): Promise<Answer> {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ATLAS_SCENARIO: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: secondsMax * 1000,
    killSignal: 'SIGKILL',
  });
  const [out, err, code] = await Promise.all([read(child.stdout), read(child.stderr), ended(child)]);
  if (code !== 0) throw new Error(`${JSON.stringify(settings)} ended with ${code}: ${err.slice(-2000)}`);
  return JSON.parse(out) as Answer;
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

function ended(child: ReturnType<typeof spawn>): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal));
  });
}
