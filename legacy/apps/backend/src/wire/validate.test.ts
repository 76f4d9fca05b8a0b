import { KnownError } from '@stackframe/stack-shared/dist/known-errors';
import { userIdOrMeSchema, yupNumber, yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { describe, expect, test } from 'vitest';
import { type PartSchemas, type Parts, validate } from './validate.ts';

const run = (schemas: PartSchemas, parts: Partial<Parts>, currentUserId?: string) =>
  validate({ schemas, parts: { body: undefined, query: {}, params: {}, ...parts }, method: 'POST', pathname: '/api/v1/x', currentUserId });
const refusal = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return KnownError.isKnownError(error) ? error.toDescriptiveJson() : error;
};

describe('what a client sent', () => {
  test('is refused with every problem, in the words and order clients have seen', async () => {
    const body = yupObject({ email: yupString().email().defined(), password: yupString().defined() }).defined();
    const message = [
      'Request validation failed on POST /api/v1/x:',
      '  - body.email must be a valid email',
      '  - body.password must be defined',
      '  - body contains unknown properties: foo',
    ].join('\n');
    expect(await refusal(run({ body }, { body: { email: 'no', foo: 1 } }))).toEqual({
      code: 'SCHEMA_ERROR',
      details: { message },
      error: message,
    });
  });

  test.each([
    ['no body', { body: undefined }, 'body must be defined'],
    ['two unknown query parameters', { body: {}, query: { a: '1', b: '2' } }, 'query contains unknown properties: a, b'],
    ['a bad id in the path', { body: {}, params: { id: 'x' } }, 'params.id must be a valid UUID'],
  ])('%s', async (_name, parts, problem) => {
    const schemas = {
      body: yupObject({}).defined(),
      ...('params' in parts ? { params: yupObject({ id: yupString().uuid().defined() }).defined() } : {}),
    };
    expect(await refusal(run(schemas, parts))).toMatchObject({
      details: { message: `Request validation failed on POST /api/v1/x:\n  - ${problem}` },
    });
  });

  test('is cast: numbers in a query arrive as numbers', async () => {
    const parts = await run({ query: yupObject({ limit: yupNumber().integer().defined() }).defined() }, { query: { limit: '7' } });
    expect(parts.query).toEqual({ limit: 7 });
  });

  test('has `me` replaced by the caller, and only by the caller', async () => {
    const schemas = { params: yupObject({ user_id: userIdOrMeSchema.defined() }).defined() };
    const user = '51b092d5-45b1-458a-852d-56ea7e473c41';
    expect((await run(schemas, { params: { user_id: 'me' } }, user)).params).toEqual({ user_id: user });
    expect(await refusal(run(schemas, { params: { user_id: 'me' } }))).toMatchObject({ code: 'CANNOT_GET_OWN_USER_WITHOUT_USER' });
  });
});
