import { assertNever } from '@atlas/kit/errors';
import { createChecklist } from '../checklist.mjs';
import type { PartEvent } from './running-stack.ts';

/** A checklist fed by a stack's events: `startStack({ onEvent: list.onEvent })`, then `list.close()`. */
export function partChecklist(): { onEvent(event: PartEvent): void; close(): void } {
  const list = createChecklist();
  return { onEvent: (event) => show(event), close: () => list.close() };

  function show({ part, kind, text }: PartEvent): void {
    switch (kind) {
      case 'starting':
        return list.start(part);
      case 'started':
      case 'done':
        return list.done(part);
      case 'running':
        return list.skipped(part, 'runs already');
      case 'skipped':
        return list.skipped(part, 'nothing changed');
      case 'restarted':
        return list.done(part, 'restarted');
      case 'failed':
        return list.failed(part);
      case 'stopped':
        return list.note(`${part} ended`);
      case 'exited':
        return list.failed(part, text ?? 'ended');
      default:
        return assertNever(kind);
    }
  }
}
