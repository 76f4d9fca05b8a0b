import { type Checklist, createChecklist } from '../checklist.mjs';
import type { PartEvent } from './running-stack.ts';

/** A checklist fed by a stack's events: `startStack({ onEvent: list.onEvent })`, then `list.close()`. */
export function partChecklist(): { onEvent(event: PartEvent): void; close(): void } {
  const list = createChecklist();
  return { onEvent: (event) => lines[event.kind](list, event.part, event.text), close: () => list.close() };
}

const lines: Record<PartEvent['kind'], (list: Checklist, part: string, text?: string) => void> = {
  starting: (list, part) => list.start(part),
  started: (list, part) => list.done(part),
  done: (list, part) => list.done(part),
  running: (list, part) => list.skipped(part, 'runs already'),
  skipped: (list, part) => list.skipped(part, 'nothing changed'),
  external: (list, part) => list.skipped(part, 'run by somebody else'),
  restarted: (list, part) => list.done(part, 'restarted'),
  failed: (list, part) => list.failed(part),
  stopped: (list, part) => list.note(`${part} ended`),
  exited: (list, part, text) => list.failed(part, text ?? 'ended'),
};
