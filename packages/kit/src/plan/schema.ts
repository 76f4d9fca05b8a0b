import type { PlanRoute } from '@atlas/contracts/plan';
import { z } from 'zod';

const seconds = z.number().int().positive().max(31_536_000);
const ms = z.number().int().positive().max(600_000);
const percent = z.number().min(0).max(100);

const routePattern = /^(GET|POST|PUT|PATCH|DELETE) (\/[\w\-/:.]*) (read|write)$/;

/** `GET /emails/outbox/:id read`. */
const route = z.string().transform((text, context): PlanRoute => {
  const match = routePattern.exec(text);
  if (match === null) {
    context.addIssue({ code: 'custom', message: `"${text}" is not a route; write it as "GET /emails/outbox/:id read"` });
    return z.NEVER;
  }
  const [, method = '', path = '', effect] = match;
  return { method, path, effect: effect === 'read' ? 'read' : 'write' };
});

/** A slice's machine block. */
export const sliceBlock = z.strictObject({
  slice: z.string().regex(/^[a-z][a-z-]{1,40}$/, 'a slice is named in lower case and dashes'),
  upstream: z.string().regex(/^[a-z][a-z-]{1,40}$/, 'an upstream is named in lower case and dashes'),
  stickiness: z.enum(['user', 'project']),
  routes: z.array(route).min(1).max(500),
  canary: z.strictObject({ steps: z.array(z.number().gt(0).max(100)).min(1).max(20), stepSeconds: seconds }),
  shadow: z.strictObject({
    samplePercent: percent,
    minSamples: z.number().int().positive().max(1_000_000),
    maxMismatchPercent: percent,
    windowSeconds: seconds,
  }),
  parity: z.strictObject({ maxAgeSeconds: seconds, maxRowsChanged: z.number().int().nonnegative() }),
  lag: z.strictObject({ maxMs: ms, maxMsP99: ms }),
  load: z.strictObject({ p99MsMax: ms, errorRateMax: z.number().min(0).max(1), maxAgeSeconds: seconds }),
  pact: z.strictObject({ maxAgeSeconds: seconds }),
  move: z.strictObject({
    holdMsMax: ms,
    heldRequestsMax: z.number().int().positive().max(100_000),
    heldBytesMax: z.number().int().positive().max(1_073_741_824),
  }),
});

/** The one block that belongs to no slice. */
export const atlasBlock = z.strictObject({
  atlas: z.strictObject({ maxBlindSeconds: seconds, unsliced: z.array(route).max(500) }),
});
