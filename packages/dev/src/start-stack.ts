import { errorText } from '@atlas/kit/errors';
import { type PartEvent, Stack, type StackSettings } from './running-stack.ts';
import { stackSettings } from './stack-settings.ts';

export type StartOptions = Partial<Omit<StackSettings, 'env'>> & {
  /** Settings added to parts, by part name. */
  env?: Record<string, Record<string, string>>;
  /** Start only these and what they need. */
  only?: readonly string[];
  /** Parts that are started again within a second when they end by themselves, as production's supervisor would. */
  keepAlive?: readonly string[];
  onEvent?: (event: PartEvent) => void;
  /** Ctrl-C and SIGTERM end every part, then this process (default true). */
  stopOnSignal?: boolean;
};

const watchMs = 200;
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Starts the stack and watches over it for as long as this process runs. A part that ends although nobody asked is told through `onEvent`
 * with the last lines of its log, or started again when it is in `keepAlive`. On failure everything it started is ended before it throws.
 */
export async function startStack(options: StartOptions = {}): Promise<Stack> {
  const onEvent = options.onEvent ?? tellExits;
  const keepAlive = options.keepAlive ?? [];
  const stack = new WatchedStack({ ...stackSettings(process.env, options), env: options.env ?? {} }, keepAlive, onEvent);
  if (options.stopOnSignal ?? true) stopOnSignals(stack);
  try {
    await stack.up(options.only);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  stack.watch();
  return stack;
}

class WatchedStack extends Stack {
  readonly #keepAlive: readonly string[];
  readonly #tell: (event: PartEvent) => void;
  #timer: NodeJS.Timeout | undefined;
  #reviving: Promise<void> | undefined;

  constructor(settings: StackSettings, keepAlive: readonly string[], onEvent: (event: PartEvent) => void) {
    super(settings, onEvent);
    for (const name of keepAlive) this.part(name);
    this.#keepAlive = keepAlive;
    this.#tell = onEvent;
    this.writeStackRecord([...keepAlive]);
  }

  watch(): void {
    this.#timer = setInterval(() => {
      this.#reviving ??= this.#look().finally(() => {
        this.#reviving = undefined;
      });
    }, watchMs);
    this.#timer.unref();
  }

  override async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reviving;
    await super.stop();
  }

  async #look(): Promise<void> {
    const fallen = this.fallen();
    for (const name of fallen) if (!this.#keepAlive.includes(name)) this.giveUp(name);
    await Promise.all(fallen.filter((name) => this.#keepAlive.includes(name)).map((name) => this.#reviveOrTell(name)));
  }

  async #reviveOrTell(name: string): Promise<void> {
    try {
      await this.revive(name);
    } catch (error) {
      this.#tell({ part: name, kind: 'exited', seconds: 0, text: errorText(error) });
    }
  }
}

function tellExits(event: PartEvent): void {
  if (event.kind === 'exited') process.stderr.write(`${event.part} ${event.text ?? 'ended'}\n`);
}

function stopOnSignals(stack: Stack): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      void stack.stop().finally(() => process.exit(exitCodes[signal]));
    });
  }
}
