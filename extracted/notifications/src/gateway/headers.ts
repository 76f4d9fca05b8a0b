import { wire } from '@atlas/contracts/wire';
import { StatusError } from '@atlas/kit/wire';

type Header = (name: string) => string | undefined;

/** A write-ahead position of the legacy, tagged with the flow and incarnation that carry it here. */
export type Position = { incarnation: number; lsn: bigint };

const slice = 'notifications';
const flow = 'f.notifications';

/** The epoch under which the gateway sent a write; absent on direct calls. Throws 400 for what no gateway writes. */
export function epochOf(header: Header): bigint | undefined {
  const value = header(wire.epoch);
  if (value === undefined) return undefined;
  const entry = value.split(',').find((part) => part.trim().startsWith(`${slice}=`));
  const digits = entry?.trim().slice(slice.length + 1) ?? '';
  if (!/^\d{1,18}$/.test(digits)) throw new StatusError(400, `${wire.epoch} must name the epoch of ${slice}`);
  return BigInt(digits);
}

/** Up to where a caller must see the legacy's writes; absent when it does not say, or speaks of another flow. */
export function positionOf(header: Header): Position | undefined {
  for (const part of header(wire.position)?.split(',') ?? []) {
    const match = /^([a-z.-]+)@(\d{1,9}):([0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8})$/.exec(part.trim());
    if (match?.[1] === flow && match[2] !== undefined && match[3] !== undefined)
      return { incarnation: Number(match[2]), lsn: parseLsn(match[3]) };
  }
  return undefined;
}

/** `16/B374D848` as one number that compares as PostgreSQL compares LSNs. */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
