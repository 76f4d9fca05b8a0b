import { connect } from 'node:net';
import { assertNever } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import { openSession } from '@atlas/kit/postgres';
import type { Ready } from '../topology.ts';

const attemptMs = 2_000;

/** Whether a part can serve right now. Never throws. A step is ready when it ended, which is not asked here. */
export async function isReady(ready: Ready): Promise<boolean> {
  try {
    return await probe(ready);
  } catch {
    return false; // not yet: the caller asks again until its deadline and then shows the part's own log
  }
}

async function probe(ready: Ready): Promise<boolean> {
  switch (ready.kind) {
    case 'http': {
      const answer = await requestJson(ready.url, { timeoutMs: attemptMs });
      return answer.status >= 200 && answer.status < 300;
    }
    case 'tcp':
      return canConnect(ready.port);
    case 'postgres': {
      const session = await openSession(ready.url, { name: 'stack-ready' });
      await session.close();
      return true;
    }
    case 'exit':
      return true;
    default:
      return assertNever(ready);
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: attemptMs });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
