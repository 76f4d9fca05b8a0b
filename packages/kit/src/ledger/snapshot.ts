import { open, readFile, rename } from 'node:fs/promises';
import type { LedgerView } from '@atlas/contracts/ledger';
import type { Plan } from '@atlas/contracts/plan';
import { AppError } from '../errors.ts';
import { planDocument, readPlanDocument } from '../plan.ts';

/** What a gateway last obeyed, kept on disk for a cold start while the control database is away. */
export type Snapshot = { view: LedgerView; plan: Plan | null };

/** Writes beside the file and renames over it, so that a reader sees the old or the new one, never half. */
export async function writeSnapshot(file: string, snapshot: Snapshot): Promise<void> {
  const beside = `${file}.${process.pid}.new`;
  const handle = await open(beside, 'w');
  try {
    await handle.writeFile(
      JSON.stringify({ view: snapshot.view, plan: snapshot.plan === null ? null : planDocument(snapshot.plan) }, (_key, value) =>
        typeof value === 'bigint' ? value.toString() : value,
      ),
    );
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}

/** The snapshot, or null when there is none yet. Throws INTERNAL when the file is not one. */
export async function readSnapshot(file: string): Promise<Snapshot | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const { view, plan } = JSON.parse(text);
    return {
      plan: plan === null ? null : readPlanDocument(plan),
      view: {
        revision: BigInt(view.revision),
        planRevision: BigInt(view.planRevision),
        gatewaysLeased: Number(view.gatewaysLeased),
        units: view.units.map((unit: { epoch: string; version: string }) => ({
          ...unit,
          epoch: BigInt(unit.epoch),
          version: BigInt(unit.version),
        })),
      },
    };
  } catch (error) {
    throw new AppError('INTERNAL', { message: `snapshot ${file} cannot be read; delete it to start without` }, error);
  }
}
