import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupObject, yupValidate } from '@stackframe/stack-shared/dist/schema-fields';
import { type AnySchema, ValidationError } from 'yup';

/** What a client sent, by part; schemas name their fields below these. */
export type Parts = { body: unknown; query: Record<string, string>; params: Record<string, string> };
export type PartSchemas = { body?: AnySchema | undefined; query?: AnySchema | undefined; params?: AnySchema | undefined };

/**
 * Checks all parts at once and answers the cast values. `me` in a user id becomes the caller; unknown properties are refused.
 * Throws SCHEMA_ERROR with every problem, or CANNOT_GET_OWN_USER_WITHOUT_USER.
 */
export async function validate(options: {
  parts: Parts;
  schemas: PartSchemas;
  method: string;
  pathname: string;
  currentUserId: string | undefined;
}): Promise<Parts> {
  const { parts, schemas } = options;
  const shape: Record<string, AnySchema> = {
    query: schemas.query ?? yupObject({}).defined(),
    params: schemas.params ?? yupObject({}).defined(),
  };
  if (schemas.body !== undefined) shape['body'] = schemas.body;
  try {
    return (await yupValidate(yupObject(shape).defined(), parts, {
      abortEarly: false,
      context: { noUnknownPathPrefixes: ['body', 'query', 'params'] },
      currentUserId: options.currentUserId ?? null,
    })) as Parts;
  } catch (error) {
    if (error instanceof ValidationError)
      throw new KnownErrors.SchemaError(schemaErrorText(options.method, options.pathname, error.errors));
    throw error;
  }
}

/** The text clients match on. */
export function schemaErrorText(method: string, pathname: string, problems: readonly string[]): string {
  return [`Request validation failed on ${method} ${pathname}:`, ...problems.map((problem) => `  - ${problem}`)].join('\n');
}
