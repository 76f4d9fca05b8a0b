import { AppError } from '@atlas/kit/errors';

/** Node's codes for a connection that was never made, or ended before an answer. */
const resets = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'HPE_INVALID_CONSTANT']);

/** One table: what went wrong upstream → what the client is answered and what metrics count. */
export function upstreamFailure(error: unknown): { status: 502 | 504; code: 'UPSTREAM_REFUSED' | 'UPSTREAM_TIMEOUT'; why: string } {
  if (error instanceof AppError && error.code === 'UPSTREAM_TIMEOUT') return { status: 504, code: 'UPSTREAM_TIMEOUT', why: 'timeout' };
  const code = systemCode(error);
  if (code === 'ETIMEDOUT') return { status: 504, code: 'UPSTREAM_TIMEOUT', why: 'timeout' };
  return { status: 502, code: 'UPSTREAM_REFUSED', why: code === 'ECONNREFUSED' ? 'refused' : resets.has(code) ? 'reset' : 'broken' };
}

/** A connection that ended before the answer began: on a kept-alive socket this is the race with the other end's idle close. */
export function isReset(error: unknown): boolean {
  return resets.has(systemCode(error));
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
