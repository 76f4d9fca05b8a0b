import { Gauge, Registry } from 'prom-client';
import type { LedgerStore } from './ports/ledger.ts';

/** Metrics of the control plane, read from the ledger when they are asked for. */
export function createMetrics(ledger: LedgerStore): Registry {
  const registry = new Registry();
  const labels = ['slice', 'tenant'];
  const moving = new Gauge({ name: 'migrate_unit_moving', help: '1 while the unit moves', labelNames: labels, registers: [registry] });
  const epoch = new Gauge({ name: 'migrate_unit_epoch', help: 'Epoch of the unit', labelNames: labels, registers: [registry] });
  const split = new Gauge({ name: 'migrate_unit_split_ratio', help: 'Split in force, 0 to 1', labelNames: labels, registers: [registry] });
  new Gauge({
    name: 'migrate_unit_owner',
    help: '1 for the side that owns the unit, 0 for the other',
    labelNames: [...labels, 'side'],
    registers: [registry],
    async collect() {
      for (const unit of await ledger.readUnits()) {
        const of = { slice: unit.slice, tenant: unit.tenant };
        for (const side of ['legacy', 'extracted']) this.set({ ...of, side }, unit.owner === side ? 1 : 0);
        moving.set(of, unit.move === null ? 0 : 1);
        epoch.set(of, Number(unit.epoch));
        split.set(of, unit.splitBasisPoints / 10_000);
      }
    },
  });
  new Gauge({
    name: 'migrate_intents_open',
    help: 'Intents that wait or are carried out',
    registers: [registry],
    async collect() {
      this.set((await ledger.openIntents()).length);
    },
  });
  return registry;
}
