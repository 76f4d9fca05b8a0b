import type { Plan, SlicePlan } from '@atlas/contracts/plan';

/** The slice as the demo plan has it; tests change what they are about. */
export function notificationsPlan(change: Partial<SlicePlan> = {}): Plan {
  return {
    maxBlindSeconds: 600,
    unsliced: [{ method: 'GET', path: '/users/me', effect: 'read' }],
    slices: [
      {
        slice: 'notifications',
        upstream: 'notifications',
        stickiness: 'user',
        routes: [
          { method: 'GET', path: '/emails/notification-preference/:user', effect: 'read' },
          { method: 'PATCH', path: '/emails/notification-preference/:user/:category', effect: 'write' },
          { method: 'POST', path: '/emails/send-email', effect: 'write' },
          { method: 'GET', path: '/emails/outbox', effect: 'read' },
          { method: 'GET', path: '/emails/outbox/:id', effect: 'read' },
          { method: 'PATCH', path: '/emails/outbox/:id', effect: 'write' },
        ],
        canary: { steps: [5, 25, 100], stepSeconds: 3 },
        shadow: { samplePercent: 100, minSamples: 2, maxMismatchPercent: 0, windowSeconds: 1 },
        parity: { maxAgeSeconds: 60, maxRowsChanged: 10_000 },
        lag: { maxMs: 250, maxMsP99: 500 },
        load: { p99MsMax: 500, errorRateMax: 0, maxAgeSeconds: 3_600 },
        pact: { maxAgeSeconds: 3_600 },
        move: { holdMsMax: 2_000, heldRequestsMax: 1_000, heldBytesMax: 16_777_216 },
        ...change,
      },
    ],
  };
}
