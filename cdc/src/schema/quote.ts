/** A name as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text constant; backslashes are plain (standard_conforming_strings). */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A table of schema public. */
export function publicTable(name: string): string {
  return `public.${identifier(name)}`;
}
