import type { DoctorCheck } from '@atlas/contracts/control';
import type { DoctorPorts } from './ports.ts';

/** Runs every group of checks at once and answers them in order. */
export async function runDoctor(ports: DoctorPorts): Promise<DoctorCheck[]> {
  return (await Promise.all(ports.groups.map((group) => group()))).flat();
}
