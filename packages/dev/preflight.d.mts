export type Machine = {
  platform: string;
  node: string;
  npm: string | undefined;
  java: string | undefined;
  maven: string | undefined;
  chromium: string | undefined;
  installer: string | undefined;
};
export type Missing = { what: string; found: string | undefined; get: string };
export function readMachine(): Machine;
export function missingOn(machine: Machine, options?: { needsMaven?: boolean; needsChromium?: boolean }): Missing[];
export function preflightText(missing: Missing[]): string;
export function findChromium(env?: Record<string, string | undefined>): string | undefined;
