import type { FlowStatus, VerifyReport } from '@atlas/contracts/flow';
import { type Listening, listen } from '@atlas/kit/http';
import type { Pool } from '@atlas/kit/postgres';
import express from 'express';
import { healthyFlow } from '../src/ports/streams.memory.ts';

/**
 * Stands in for cdc: the same admin API with answers a test sets, and an applier that carries markers only (both databases really fence).
 */
export type FakeCdc = {
  url: string;
  flows: { f: FlowStatus; r: FlowStatus };
  /** Next verify answers; the last one stays. */
  verdict: 'clean' | 'mismatch';
  isApplying: boolean;
  isClean: boolean;
  verifies: { mode: string; source: string }[];
  backfills: string[];
  close(): Promise<void>;
};

type Pools = { legacy: Pool; extracted: Pool };

export async function startFakeCdc(pools: Pools): Promise<FakeCdc> {
  const fake: Omit<FakeCdc, 'url' | 'close'> = {
    flows: { f: healthyFlow('f.notifications', 'legacy'), r: healthyFlow('r.notifications', 'extracted') },
    verdict: 'clean',
    isApplying: true,
    isClean: true,
    verifies: [],
    backfills: [],
  };
  fake.flows.f.backfill = { state: 'none', id: null, rows: 0, epoch: null };
  const listening = await listen(api(fake), { port: 0 });
  const applier = startApplier(pools, fake);
  return Object.assign(fake, { url: listening.url, close: () => closeAll(listening, applier) });
}

function api(fake: Omit<FakeCdc, 'url' | 'close'>) {
  const app = express();
  app.use(express.json());
  app.get('/flows/:flow', (req, res) => void res.json(req.params.flow.startsWith('f.') ? fake.flows.f : fake.flows.r));
  app.get('/flows/:flow/parked', (_req, res) => void res.json([]));
  app.post('/flows/:flow/backfill', (req, res) => {
    fake.backfills.push(req.params.flow);
    fake.flows.f.backfill = { state: 'done', id: 'b1', rows: 10, epoch: String(req.body.epoch) };
    res.status(202).end();
  });
  app.post('/verify', (req, res) => {
    fake.verifies.push(req.body);
    res.json(report(fake.verdict, req.body.mode));
  });
  return app;
}

function report(verdict: 'clean' | 'mismatch', mode: 'live' | 'frozen'): VerifyReport {
  const mismatches = verdict === 'clean' ? [] : [{ table: 'EmailOutbox', pk: 'x', problem: 'different' as const, columns: ['subject'] }];
  const mismatchCount = mismatches.length;
  return {
    verdict,
    mode,
    rows: 10,
    suspects: mismatchCount,
    confirmed: mismatchCount,
    mismatchCount,
    mismatches,
    tables: [],
    takenAt: new Date().toISOString(),
    durationMs: 1,
  };
}

function startApplier(pools: Pools, fake: Pick<FakeCdc, 'isApplying' | 'isClean'>): { stop(): Promise<void> } {
  let isRunning = true;
  const seen = { legacy: 0n, extracted: 0n };
  const carry = async (from: 'legacy' | 'extracted', to: 'legacy' | 'extracted') => {
    const { rows } = await pools[from].query<{ flow: string; id: bigint; slice: string; tenant: string; epoch: bigint }>(
      'select flow, id, slice, tenant, epoch from strangler.marker where id > $1 order by id',
      [seen[from]],
    );
    for (const row of rows) {
      await pools[to].query(
        'insert into strangler.marker_applied (flow, slice, tenant, epoch, clean) values ($1, $2, $3, $4, $5) on conflict do nothing',
        [row.flow, row.slice, row.tenant, row.epoch, fake.isClean],
      );
      seen[from] = row.id;
    }
  };
  const loop = async () => {
    while (isRunning) {
      if (fake.isApplying) {
        await carry('legacy', 'extracted');
        await carry('extracted', 'legacy');
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const running = loop();
  return {
    stop: () => {
      isRunning = false;
      return running;
    },
  };
}

async function closeAll(listening: Listening, applier: { stop(): Promise<void> }): Promise<void> {
  await applier.stop();
  await listening.close();
}
