import type { FlowStatus } from '@atlas/contracts/flow';
import { Counter, Gauge, Registry } from 'prom-client';
import type { FlowRunner } from '../flow-runner.ts';

type Figure = { name: string; help: string; read: (status: FlowStatus) => number | null };

const gauges: Figure[] = [
  { name: 'cdc_flow_healthy', help: '1 when the flow is healthy', read: (status) => Number(status.healthy) },
  { name: 'cdc_flow_lag_ms', help: 'Age of the last applied tick', read: (status) => status.lagMs },
  { name: 'cdc_flow_lag_ms_p99', help: '99th percentile of the lag over the last minute', read: (status) => status.lagMsP99 },
  { name: 'cdc_flow_parked_events', help: 'Events set aside', read: (status) => status.counts.parked },
  { name: 'cdc_flow_next_offset', help: 'Next offset to apply', read: (status) => status.nextOffset },
  { name: 'cdc_flow_term', help: 'Term of the applier', read: (status) => status.applier.term },
  { name: 'cdc_flow_restart_check_due', help: '1 when a restart check is due', read: (status) => Number(status.restartCheckDue) },
];
const counters: Figure[] = [
  { name: 'cdc_flow_applied_total', help: 'Row events with effect', read: (status) => status.counts.applied },
  { name: 'cdc_flow_skipped_total', help: 'Row events not newer than their row', read: (status) => status.counts.skipped },
  {
    name: 'cdc_flow_dropped_snapshot_rows_total',
    help: 'Snapshot rows of units that have moved',
    read: (status) => status.counts.droppedSnapshotRows,
  },
  { name: 'cdc_flow_tick_gaps_total', help: 'Gaps in the ticks: the stream lost something', read: (status) => status.tickGaps },
];

/** The state of all flows in Prometheus' text format, read anew for each scrape. */
export async function renderMetrics(runners: FlowRunner[]): Promise<string> {
  const registry = new Registry();
  const statuses = await Promise.all(runners.map((runner) => runner.status()));
  for (const { name, help, read } of gauges) {
    const gauge = new Gauge({ name, help, labelNames: ['flow'], registers: [registry] });
    for (const status of statuses) gauge.set({ flow: status.flow }, read(status) ?? Number.NaN);
  }
  for (const { name, help, read } of counters) {
    const counter = new Counter({ name, help, labelNames: ['flow'], registers: [registry] });
    for (const status of statuses) counter.inc({ flow: status.flow }, read(status) ?? 0);
  }
  return registry.metrics();
}
