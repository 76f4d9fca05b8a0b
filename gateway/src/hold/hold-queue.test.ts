import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HoldQueue, type Waiter } from './hold-queue.ts';

const limits = { requestsMax: 5, bytesMax: 1_000 };

type World = {
  queue: HoldQueue;
  isOpen: boolean;
  nowMs: number;
  next: number;
  requests: Map<number, Request>;
  forwardings: number[];
  onTheirWay: Set<Request>;
};
/** A request with what has become of it; `ends` counts final outcomes, of which there may be one. */
type Request = Waiter & { forwarded: number; ends: string[]; returns: number };

function world(): World {
  return { queue: new HoldQueue(), isOpen: false, nowMs: 0, next: 1, requests: new Map(), forwardings: [], onTheirWay: new Set() };
}

function request(world: World, bytes: number): Request {
  const order = world.next;
  world.next += 1;
  const made: Request = {
    order,
    bytes,
    deadlineMs: world.nowMs + 100,
    forwarded: 0,
    ends: [],
    returns: 0,
    proceed: () => {
      if (!world.isOpen) return 'stays';
      made.forwarded += 1;
      world.forwardings.push(order);
      world.onTheirWay.add(made);
      return 'left';
    },
    expire: () => void made.ends.push('expired'),
  };
  world.requests.set(order, made);
  return made;
}

/** What the gateway does with a newcomer: straight on only when nobody waits. */
function arrive(world: World, bytes: number): void {
  const newcomer = request(world, bytes);
  if (world.queue.size === 0 && newcomer.proceed() === 'left') return;
  if (!world.queue.join(newcomer, limits)) newcomer.ends.push('full');
}

const commands = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('arrive' as const), bytes: fc.integer({ min: 0, max: 400 }) }),
    fc.record({
      do: fc.constantFrom(
        'open' as const,
        'close' as const,
        'release' as const,
        'answer' as const,
        'not executed' as const,
        'client leaves' as const,
      ),
    }),
    fc.record({ do: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 60 }) }),
  ),
  { maxLength: 60, size: 'max' },
);

function apply(world: World, command: { do: string; bytes?: number; ms?: number }): void {
  const [someone] = world.onTheirWay;
  switch (command.do) {
    case 'arrive':
      return void arrive(world, command.bytes ?? 0);
    case 'open':
      world.isOpen = true;
      return void world.queue.release();
    case 'close':
      world.isOpen = false;
      return;
    case 'release':
      return void world.queue.release();
    case 'answer':
      if (someone !== undefined) end(world, someone, 'answered');
      return;
    case 'not executed':
      if (someone === undefined) return;
      world.onTheirWay.delete(someone);
      someone.returns += 1;
      return void world.queue.rejoin(someone);
    case 'client leaves': {
      const waiting = [...world.requests.values()].find((one) => one.ends.length === 0 && !world.onTheirWay.has(one));
      if (waiting !== undefined && world.queue.leave(waiting)) waiting.ends.push('client left');
      return;
    }
    case 'time':
      world.nowMs += command.ms ?? 0;
      return void world.queue.expire(world.nowMs);
    default:
      throw new Error(command.do);
  }
}

function end(world: World, request: Request, how: string): void {
  world.onTheirWay.delete(request);
  request.ends.push(how);
}

test('a held request is forwarded exactly once for each time it came back, or answered, or dropped; never two of these, never lost', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const here = world();
      for (const command of list) apply(here, command);
      here.isOpen = true;
      here.queue.release();
      for (const one of [...here.onTheirWay]) end(here, one, 'answered');
      expect(here.queue.size).toBe(0);
      expect(here.queue.bytes).toBe(0);
      for (const one of here.requests.values()) {
        expect(one.ends).toHaveLength(1);
        const isAnswered = one.ends[0] === 'answered';
        expect(one.forwarded).toBe(isAnswered ? one.returns + 1 : one.returns);
      }
    }),
    { numRuns: 500 },
  );
});

test('requests that wait together are forwarded in the order they came, and one that came back goes first', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const here = world();
      for (const command of list) {
        const before = here.forwardings.length;
        apply(here, command);
        const together = here.forwardings.slice(before);
        expect(together).toEqual(together.toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 500 },
  );
});

test('a write that came back takes the head, before one that came later', () => {
  const here = world();
  here.isOpen = true;
  arrive(here, 10);
  apply(here, { do: 'close' });
  arrive(here, 10);
  apply(here, { do: 'not executed' });
  apply(here, { do: 'open' });
  expect(here.forwardings).toEqual([1, 1, 2]);
});

test('count and bytes are bounded, and a place that is left can be taken again', () => {
  const here = world();
  for (let index = 0; index < limits.requestsMax; index += 1) expect(here.queue.join(request(here, 10), limits)).toBe(true);
  expect(here.queue.join(request(here, 10), limits)).toBe(false);
  const first = here.requests.get(1);
  if (first === undefined) throw new Error('no request');
  expect(here.queue.leave(first)).toBe(true);
  expect(here.queue.leave(first)).toBe(false);
  expect(here.queue.join(request(here, limits.bytesMax), limits)).toBe(false);
  expect(here.queue.join(request(here, 10), limits)).toBe(true);
});
