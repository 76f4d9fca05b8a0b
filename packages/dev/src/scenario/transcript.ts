import type { Normaliser } from './normalise.ts';
import type { Exchange } from './recorded-fetch.ts';

/** One call of the SDK: what it gave its caller, and what went over the wire for it. Two runs are the same when these are equal. */
export type TranscriptStep = { step: string; result: { value: unknown } | { threw: string; message: string }; exchanges: unknown[] };
export type Transcript = TranscriptStep[];

/** Headers that the transport may choose freely, hop by hop. Every other one is part of the contract. */
const transportHeaders = new Set(['connection', 'keep-alive', 'date', 'transfer-encoding', 'content-length']);
const opaqueHeaders = new Set(['x-stack-request-id', 'etag']);

/** The comparable form of an exchange: meant status, headers but the transport's, the body parsed where it is JSON. */
export function comparable(exchange: Exchange, normaliser: Normaliser): unknown {
  const kept = Object.entries(exchange.headers).filter(([name]) => !transportHeaders.has(name));
  const headers = Object.fromEntries(kept.map(([name, value]) => [name, headerText(name, value, normaliser)]));
  const { method, path, status, body } = exchange;
  return { method, path: normaliser.text(path), status, headers, body: body === null ? null : normaliser.value(parsed(body)) };
}

/** Next adds its own names to every Vary; they mean something to Next's pages only. */
function headerText(name: string, value: string, normaliser: Normaliser): string {
  if (opaqueHeaders.has(name)) return '<opaque>';
  return normaliser.text(name === 'vary' ? value.replace(/\b(rsc|next-router-[a-z-]+|next-url), /g, '') : value);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
