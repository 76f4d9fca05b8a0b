/**
 * A value as the legacy's validation texts show it: strings quoted, numbers as JavaScript writes them, objects as indented JSON whose
 * plain members are printed the same way (and so are strings of JSON: `{"a": "1"}`).
 */
export function printValue(value: unknown): string {
  return (
    printPlain(value) ??
    JSON.stringify(
      value,
      function (this: Record<string, unknown>, key: string, member: unknown) {
        return printPlain(this[key]) ?? member;
      },
      2,
    )
  );
}

function printPlain(value: unknown): string | undefined {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return `"${value}"`;
  return undefined;
}
