export type Checklist = {
  start(name: string): void;
  done(name: string, note?: string): void;
  skipped(name: string, note?: string): void;
  failed(name: string, note?: string): void;
  note(text: string): void;
  close(): void;
};
export function createChecklist(options?: { stream?: NodeJS.WriteStream; now?: () => number }): Checklist;
