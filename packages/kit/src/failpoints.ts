import { Router as createRouter, json, type Router } from 'express';
import { AppError } from './errors.ts';

/**
 * What an armed failpoint does to the process that passes it: `kill` is SIGKILL of itself, `error` throws INTERNAL,
 * `pause` waits until disarmed, `delay:<ms>` waits, `trigger` only makes `failpoint()` answer true (for mutants).
 */
export type FailpointAction = 'kill' | 'error' | 'pause' | 'trigger' | `delay:${number}`;
type Armed = { action: FailpointAction; times: number; hits: number };

const armed = new Map<string, Armed>();
let isRead = false;

/** Arms a failpoint by name for `times` passes (default 1). */
export function armFailpoint(name: string, action: FailpointAction, times = 1): void {
  if (!/^(kill|error|pause|trigger|delay:\d{1,6})$/.test(action))
    throw new AppError('BAD_REQUEST', { message: `unknown failpoint action "${action}"` });
  armed.set(name, { action, times, hits: 0 });
}

export function disarmFailpoint(name: string): void {
  armed.delete(name);
}

/** A named place where a test may break this process. Not armed: one map look-up. Answers true when it was armed and the process goes on. */
export async function failpoint(name: string): Promise<boolean> {
  readEnvironmentOnce();
  const point = armed.get(name);
  if (point === undefined || point.hits >= point.times) return false;
  point.hits += 1;
  await act(name, point);
  return true;
}

/** GET, POST `{name, action, times?}` and DELETE `/failpoints?name=`. Mount it on an admin listener, and in development only. */
export function failpointRoutes(): Router {
  const router = createRouter();
  router.get('/failpoints', (_req, res) => void res.json(Object.fromEntries(armed)));
  router.post('/failpoints', json({ limit: '4kb' }), (req, res) => {
    const { name, action, times } = (req.body ?? {}) as { name?: unknown; action?: unknown; times?: unknown };
    if (typeof name !== 'string' || typeof action !== 'string') return void res.status(400).json({ error: 'name and action are needed' });
    try {
      armFailpoint(name, action as FailpointAction, typeof times === 'number' ? times : 1);
    } catch (error) {
      return void res.status(400).json({ error: (error as Error).message });
    }
    res.json({ armed: name });
  });
  router.delete('/failpoints', (req, res) => {
    const name = req.query['name'];
    if (typeof name === 'string') disarmFailpoint(name);
    else armed.clear();
    res.json({ armed: [...armed.keys()] });
  });
  return router;
}

async function act(name: string, point: Armed): Promise<void> {
  if (point.action === 'kill') process.kill(process.pid, 'SIGKILL');
  if (point.action === 'kill') await new Promise(() => {});
  if (point.action === 'error') throw new AppError('INTERNAL', { message: `failpoint ${name}` });
  if (point.action.startsWith('delay:')) await sleep(Number(point.action.slice('delay:'.length)));
  while (point.action === 'pause' && armed.get(name) === point) await sleep(20);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function readEnvironmentOnce(): void {
  if (isRead) return;
  isRead = true;
  if (process.env['ATLAS_ENVIRONMENT'] === 'production') return;
  for (const entry of (process.env['ATLAS_FAILPOINTS'] ?? '').split(',').filter((text) => text !== '')) {
    const [name, action] = entry.split('=');
    if (name !== undefined && action !== undefined) armFailpoint(name, action as FailpointAction);
  }
}
