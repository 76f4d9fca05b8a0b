export type Machine = {
  platform: string;
  node: string;
  npm: string | undefined;
  java: string | undefined;
  maven: string | undefined;
  installer: string | undefined;
};
export type Missing = { what: string; found: string | undefined; get: string };
export function readMachine(): Machine;
export function missingOn(machine: Machine, options?: { needsMaven?: boolean }): Missing[];
export function preflightText(missing: Missing[]): string;
