import type { Side, Unit } from '@atlas/contracts/ledger';
import { errorText } from '@atlas/kit/errors';
import type { Clock } from '../clock.ts';
import { MemoryLedger } from '../ports/ledger.memory.ts';
import type { UnitLock } from '../ports/ledger.ts';
import type { SideDatabase } from '../ports/side.ts';
import { MemoryStreams } from '../ports/streams.memory.ts';
import { runMove } from './move.ts';
import { settle } from './settle.ts';
import { type MoveWorld, moveState } from './world.ts';

const slice = 'notifications';
const stepsMax = 20_000;
const sides: readonly Side[] = ['legacy', 'extracted'];

export type SimulationOptions = {
  /** Picks, modulo what can happen, the next event; when they are used up everything takes its turn fairly. */
  choices: readonly number[];
  movesMax: number;
  orchestrators: number;
  crashes: number;
  lostLocks: number;
  lostAnswers: number;
  lostLeases: number;
  /** How often a process is stopped (SIGSTOP) and goes on later, not knowing what happened meanwhile. */
  stops: number;
  writes: number;
  mutant?: 'skip-fence' | 'skip-catch-up' | 'forget-compare-and-set';
};

/** What a run of the simulation left behind. */
export type MoveSimulation = {
  streams: MemoryStreams;
  ledger: MemoryLedger;
  unit(): Unit;
  outcomes: string[];
  violations: string[];
  written: number[];
};

/**
 * Runs the real orchestrator against memory ports under one schedule: every statement of every orchestrator is a turn, and between turns
 * gateways learn, flows apply, writers bypass the gateway, processes crash, locks and answers get lost.
 */
export async function simulate(options: SimulationOptions): Promise<MoveSimulation> {
  const simulation = new Simulation(options);
  await simulation.run();
  return simulation;
}

type Turn = { actor: Actor; label: string; go(): void };
type Event = { label: string; happen(): void };

class Simulation implements MoveSimulation {
  streams = new MemoryStreams();
  ledger = new MemoryLedger();
  outcomes: string[] = [];
  violations: string[] = [];
  written: number[] = [];
  timeMs = 0;
  movesLeft: number;
  turns: Turn[] = [];
  #options: SimulationOptions;
  #left: { crashes: number; lostLocks: number; lostAnswers: number; lostLeases: number; stops: number; writes: number };
  #actors: Actor[] = [];
  #nextFault: 'none' | 'lost-before' | 'lost-after' = 'none';
  #owners = new Map<bigint, Side>();

  constructor(options: SimulationOptions) {
    this.#options = options;
    const { crashes, lostLocks, lostAnswers, lostLeases, stops, writes } = options;
    this.#left = { crashes, lostLocks, lostAnswers, lostLeases, stops, writes };
    this.movesLeft = options.movesMax;
    this.ledger.nowMs = () => this.timeMs;
    this.ledger.units.set(slice, restingUnit());
    this.ledger.gateways = ['a', 'b'].map((id) => ({
      id,
      url: '',
      isLeased: true,
      leaseUntil: new Date(0),
      seenRevision: 1n,
      drainedRevision: 1n,
    }));
    this.ledger.writeFault = () => this.#takeFault();
    this.streams.fault = () => this.#takeFault();
    this.ledger.onWrite = (unit) => this.#checkRow(unit);
    this.streams.onFence = (side, before, after) => {
      if (after.epoch < before.epoch) this.violations.push(`fence of ${side} went from epoch ${before.epoch} to ${after.epoch}`);
    };
  }

  unit(): Unit {
    const unit = this.ledger.units.get(slice);
    if (unit === undefined) throw new Error('no unit');
    return unit;
  }

  get mutant() {
    return this.#options.mutant;
  }

  async run(): Promise<void> {
    for (let index = 0; index < this.#options.orchestrators; index += 1) this.#start(index);
    const choices = [...this.#options.choices];
    for (let step = 0; step < stepsMax; step += 1) {
      await settled();
      if (this.#isOver()) return;
      const choice = choices.shift();
      if (choice === undefined) for (const actor of this.#actors) actor.isStopped = false;
      const events = choice === undefined ? this.#fairEvents() : this.#events();
      const event = events[(choice ?? step) % Math.max(events.length, 1)];
      event?.happen();
      this.#checkState();
      if (this.violations.length > 0) return;
    }
    this.violations.push(
      `not at rest after ${stepsMax} steps: ${JSON.stringify(this.unit(), (_k, v) => (typeof v === 'bigint' ? String(v) : v))}`,
    );
  }

  #start(index: number): void {
    const actor = new Actor(this, index);
    this.#actors[index] = actor;
    void actor.run();
  }

  #isOver(): boolean {
    return this.turns.length === 0 && this.#actors.every((actor) => actor.isDone);
  }

  #turnEvents(): Event[] {
    const awake = this.turns.filter((turn) => !turn.actor.isStopped);
    return awake.map((turn) => ({
      label: `o${turn.actor.index} ${turn.label}`,
      happen: () => {
        this.turns = this.turns.filter((each) => each !== turn);
        turn.go();
      },
    }));
  }

  #worldEvents(): Event[] {
    const learn = this.ledger.gateways.map((gateway) => ({
      label: `gateway ${gateway.id} learns`,
      happen: () => Object.assign(gateway, { isLeased: true, seenRevision: this.ledger.revision, drainedRevision: this.ledger.revision }),
    }));
    const flows = sides
      .filter((side) => this.streams.queues[side].length > 0)
      .map((side) => ({ label: `apply from ${side}`, happen: () => this.#apply(side) }));
    return [...learn, ...flows];
  }

  #fairEvents(): Event[] {
    return [...this.#turnEvents(), ...this.#worldEvents()];
  }

  #events(): Event[] {
    const left = this.#left;
    const faults: Event[] = [];
    const running = this.#actors.filter((actor) => !actor.isDone);
    if (left.crashes > 0) faults.push(...running.map((actor) => ({ label: `o${actor.index} crashes`, happen: () => this.#crash(actor) })));
    if (left.lostLocks > 0) faults.push({ label: 'lock lost', happen: () => this.#use('lostLocks', () => this.ledger.loseLock(slice)) });
    if (left.lostAnswers > 0) {
      for (const fault of ['lost-before', 'lost-after'] as const)
        faults.push({ label: fault, happen: () => this.#use('lostAnswers', () => this.#armFault(fault)) });
    }
    if (left.lostLeases > 0)
      faults.push({
        label: 'lease lost',
        happen: () => this.#use('lostLeases', () => void Object.assign(this.ledger.gateways[0] ?? {}, { isLeased: false })),
      });
    for (const actor of running) {
      if (actor.isStopped) faults.push({ label: `o${actor.index} goes on`, happen: () => actor.setStopped(false) });
      else if (left.stops > 0)
        faults.push({ label: `o${actor.index} is stopped`, happen: () => this.#use('stops', () => actor.setStopped(true)) });
    }
    if (left.writes > 0) faults.push(...sides.map((side) => ({ label: `write on ${side}`, happen: () => this.#write(side) })));
    // Orchestrators get more turns than the rest: a schedule of some hundred choices then covers whole moves.
    return [...this.#turnEvents(), ...this.#turnEvents(), ...this.#turnEvents(), ...this.#worldEvents(), ...faults];
  }

  #use(budget: keyof Simulation['budgets'], act: () => void): void {
    this.#left[budget] -= 1;
    act();
  }

  get budgets() {
    return this.#left;
  }

  #crash(actor: Actor): void {
    this.#use('crashes', () => {
      actor.isDead = true;
      this.turns = this.turns.filter((turn) => turn.actor !== actor);
      if (actor.lock !== null && !actor.lock.isLost) this.ledger.loseLock(slice);
      this.#start(actor.index);
    });
  }

  #write(side: Side): void {
    const before = this.streams.rows[side].length;
    this.#use('writes', () => void this.streams.write(side));
    const value = this.streams.rows[side].at(-1);
    if (this.streams.rows[side].length > before && value !== undefined) this.written.push(value);
  }

  #apply(side: Side): void {
    try {
      this.streams.apply(side);
    } catch (error) {
      this.violations.push(errorText(error));
    }
  }

  #armFault(fault: 'lost-before' | 'lost-after'): void {
    this.#nextFault = fault;
  }

  #takeFault(): 'none' | 'lost-before' | 'lost-after' {
    const fault = this.#nextFault;
    this.#nextFault = 'none';
    return fault;
  }

  #checkRow(unit: Unit): void {
    const known = this.#owners.get(unit.epoch);
    if (known !== undefined && known !== unit.owner) this.violations.push(`epoch ${unit.epoch} belongs to ${known} and ${unit.owner}`);
    this.#owners.set(unit.epoch, unit.owner);
  }

  #checkState(): void {
    const { legacy, extracted } = this.streams.fences;
    if (legacy.owner === 'here' && extracted.owner === 'here') this.violations.push('both sides are writable');
  }
}

class Actor {
  index: number;
  isDone = false;
  isDead = false;
  isStopped = false;
  lock: UnitLock | null = null;
  #world: Simulation;

  constructor(world: Simulation, index: number) {
    this.#world = world;
    this.index = index;
  }

  setStopped(isStopped: boolean): void {
    this.isStopped = isStopped;
  }

  /** Like the reconciler: take the lock, settle what is found, else move; again until no move is left to make. */
  async run(): Promise<void> {
    while (this.#world.movesLeft > 0 || this.#world.unit().move !== null) await this.#once();
    this.isDone = true;
  }

  async #once(): Promise<void> {
    await this.#turn('lock');
    this.lock = await this.#world.ledger.lockUnit(slice);
    if (this.lock === null) return;
    try {
      await this.#work(this.lock);
    } catch (error) {
      // Whatever ended this run, the next one starts at the table.
      this.#world.outcomes.push(errorText(error));
    } finally {
      await this.lock.release();
      this.lock = null;
    }
  }

  async #work(lock: UnitLock): Promise<void> {
    const world = this.#moveWorld(lock);
    const unit = await world.lock.read();
    if (unit.move !== null) return void (await settle(world, moveState(unit), 'found'));
    if (this.#world.movesLeft === 0) return;
    this.#world.movesLeft -= 1;
    const outcome = await runMove(world, unit, []);
    this.#world.outcomes.push(outcome.kind);
  }

  #moveWorld(lock: UnitLock): MoveWorld {
    const { streams } = this.#world;
    return {
      lock: this.#scheduledLock(lock),
      sides: { legacy: this.#scheduledSide('legacy'), extracted: this.#scheduledSide('extracted') },
      cdc: {
        flow: (flow) => this.#turn('flow').then(() => streams.cdc().flow(flow)),
        verify: (request, ms) => this.#turn('verify').then(() => this.#verify(request, ms)),
      },
      clock: this.#clock(),
      failpoint: async () => {},
      log: { info: () => {}, warn: () => {} },
    };
  }

  #verify(...args: Parameters<MoveWorld['cdc']['verify']>): ReturnType<MoveWorld['cdc']['verify']> {
    const report = this.#world.streams.cdc().verify(...args);
    // A mutant that does not catch up must not be saved by the compare: what is in the queue is what it would lose.
    return this.#world.mutant === undefined ? report : report.then((found) => ({ ...found, verdict: 'clean' }));
  }

  #scheduledLock(lock: UnitLock): UnitLock {
    const { mutant, ledger } = this.#world;
    return {
      get isLost() {
        return lock.isLost;
      },
      read: () => this.#turn('read').then(() => lock.read()),
      // The mutant neither compares nor notices that its lock is gone.
      fleet: () => this.#turn('fleet').then(() => (mutant === 'forget-compare-and-set' ? ledger.readFleet() : lock.fleet())),
      heldSinceMs: () => lock.heldSinceMs(),
      release: () => lock.release(),
      compareAndSet: async (expected, change, draft) => {
        await this.#turn(`write ${draft.kind}`);
        if (mutant !== 'forget-compare-and-set') return lock.compareAndSet(expected, change, draft);
        const unit = { ...expected, ...change, version: expected.version + 1n };
        ledger.units.set(slice, unit);
        ledger.revision += 1n;
        ledger.onWrite(unit);
        return { unit, revision: ledger.revision };
      },
    };
  }

  #scheduledSide(name: Side): SideDatabase {
    const side = this.#world.streams.side(name);
    const { mutant, streams } = this.#world;
    return {
      close: () => side.close(),
      longestWriterMs: () => side.longestWriterMs(),
      tick: () => Promise.resolve(),
      fence: (unit) => this.#turn(`fence of ${name}`).then(() => side.fence(unit)),
      markerApplied: async (flow, unit, epoch) => {
        await this.#turn(`marker at ${name}`);
        return mutant === 'skip-catch-up' ? { clean: true } : side.markerApplied(flow, unit, epoch);
      },
      setOwnerAndMark: async (unit, fence, options) => {
        await this.#turn(`set ${name} ${fence.owner} ${fence.epoch}`);
        if (mutant === 'skip-fence' && fence.owner === 'none') return void streams.queues[name].push({ marker: fence.epoch });
        return side.setOwnerAndMark(unit, fence, options);
      },
    };
  }

  #clock(): Clock {
    const world = this.#world;
    return {
      nowMs: () => world.timeMs,
      monotonicMs: () => world.timeMs,
      sleep: async (ms) => {
        await this.#turn('sleep');
        world.timeMs += ms;
      },
    };
  }

  // The turn of a dead process never comes.
  #turn(label: string): Promise<void> {
    return new Promise((resolve) => {
      if (!this.isDead) this.#world.turns.push({ actor: this, label, go: resolve });
    });
  }
}

function restingUnit(): Unit {
  return {
    slice,
    tenant: '*',
    phase: 'canary',
    owner: 'legacy',
    reads: 'legacy',
    epoch: 1n,
    move: null,
    splitBasisPoints: 10_000,
    version: 1n,
  };
}

/** Lets every promise that can go on go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
