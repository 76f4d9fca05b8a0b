import { AppError } from '@atlas/kit/errors';

/** Fills the `@NAMES@` of a properties file. Throws CONFIG_INVALID on a name without a value and on a value nobody asks for. */
export function renderProperties(template: string, values: Record<string, string>): string {
  const used = new Set<string>();
  const rendered = template.replaceAll(/^(?!#).*$/gm, (line) =>
    line.replaceAll(/@([A-Z_]+)@/g, (_match, name: string) => {
      const value = values[name];
      if (value === undefined) throw new AppError('CONFIG_INVALID', { message: `no value for @${name}@` });
      used.add(name);
      return value;
    }),
  );
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new AppError('CONFIG_INVALID', { message: `nothing uses ${unused.join(', ')}` });
  return rendered;
}
