import { yupArray, yupBoolean, yupMixed, yupNumber, yupObject, yupString, yupValidate } from '@stackframe/stack-shared/dist/schema-fields';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Schema } from 'yup';
import { ValidationError } from 'yup';
import type { z } from 'zod';
import { KnownError } from './known-errors.ts';
import {
  readInput,
  readRequest,
  wireAnything,
  wireArray,
  wireBoolean,
  wireEmail,
  wireNumber,
  wireObject,
  wireOneOf,
  wireString,
  wireTrue,
  wireUuid,
  wireWhere,
} from './schema.ts';

/** The same input through the legacy's validator, as it is published. */
async function legacyReading(schema: Schema, input: unknown): Promise<{ value: unknown } | { problems: string[] }> {
  const request = yupObject({ body: schema });
  try {
    const { body } = await yupValidate(
      request,
      { body: input },
      { abortEarly: false, context: { noUnknownPathPrefixes: ['body', 'query', 'params'] } },
    );
    return { value: body };
  } catch (error) {
    if (error instanceof ValidationError) return { problems: error.errors };
    throw error;
  }
}

const isChoice = (value: unknown): value is 'x' | false => value === 'x' || value === false;

const ours = wireObject({
  user_ids: wireArray(wireUuid(), 3).optional(),
  all_users: wireTrue().optional(),
  subject: wireString().optional(),
  category: wireOneOf(['a', 'b']).optional(),
  limit: wireNumber({ integer: true, min: 1, max: 100 }).optional(),
  email: wireEmail(),
  enabled: wireBoolean(),
  theme_id: wireString().nullable().optional(),
  variables: wireAnything().optional(),
  choice: wireWhere(isChoice).nullable().optional(),
});

const theirs = yupObject({
  user_ids: yupArray(yupString().uuid().defined()).max(3).optional(),
  all_users: yupBoolean().oneOf([true]).optional(),
  subject: yupString().optional(),
  category: yupString().oneOf(['a', 'b']).optional(),
  limit: yupNumber().integer().min(1).max(100).optional(),
  email: yupString().email().defined(),
  enabled: yupBoolean().defined(),
  theme_id: yupString().nullable().optional(),
  variables: yupMixed().optional(),
  choice: yupMixed()
    .test((value) => value === undefined || value === null || isChoice(value))
    .nullable()
    .optional(),
}).defined();

const scalar = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom('', 'true', 'TRUE', '0', '1', 'false', 'a', 'b', ' 5 ', '1e3', 'me', 'a@b.co', 'a@b', 'x y@z.de', '1.5', '-0', 'NaN'),
  fc.uuid(),
  fc.integer({ min: -3, max: 120 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const anything = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom('a', 'b', 'c'), scalar, { maxKeys: 3, noNullPrototype: true }) },
);
const keys = [
  'user_ids',
  'all_users',
  'subject',
  'category',
  'limit',
  'email',
  'enabled',
  'theme_id',
  'variables',
  'choice',
  'foo',
  'bar',
] as const;
const body = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...keys), anything, { maxKeys: 8, noNullPrototype: true }) },
  { weight: 2, arbitrary: anything },
);

describe('the same input has the same problems, in the same words and order, as with the legacy’s validator', () => {
  test('for any body', async () => {
    await fc.assert(
      fc.asyncProperty(body, async (input) => {
        expect(sorted(readInput(ours as z.ZodType, 'body', input))).toEqual(sorted(await legacyReading(theirs, input)));
      }),
      { numRuns: 600 },
    );
  });

  test.each([
    ['nothing at all', undefined],
    ['null', null],
    ['a list', [1]],
    ['text', 'x'],
    ['the observed sample', { email: 'nope', foo: 1 }],
    ['two unknown properties', { email: 'a@b.co', enabled: true, b: 1, a: 2 }],
    ['a bad item of a list', { email: 'a@b.co', enabled: true, user_ids: ['x', null, 5] }],
    ['a list that is too long', { email: 'a@b.co', enabled: true, user_ids: Array(4).fill('7bb82d33-2f54-4a3d-9d23-82739e0d66ef') }],
    ['a uuid of version 7', { email: 'a@b.co', enabled: true, user_ids: ['01890a5d-ac96-774b-bcce-b302099a8057'] }],
    ['text that is a boolean', { email: 'a@b.co', enabled: 'True' }],
    ['text that is no boolean', { email: 'a@b.co', enabled: 'yes' }],
    ['an object where text is meant', { email: { a: [1, 'x'] }, enabled: true }],
    ['two problems of one number', { email: 'a@b.co', enabled: true, limit: -1.5 }],
    ['a number too large', { email: 'a@b.co', enabled: true, limit: '1000' }],
    ['a value no predicate takes', { email: 'a@b.co', enabled: true, choice: true, variables: null }],
    ['text that is no number', { email: 'a@b.co', enabled: true, limit: 'abc' }],
  ])('%s', async (_name, input) => {
    expect(readInput(ours as z.ZodType, 'body', input)).toEqual(await legacyReading(theirs, input));
  });
});

test('all problems of all parts are one SCHEMA_ERROR that names the path as it was called', () => {
  const read = () =>
    readRequest(
      { method: 'POST', path: '/api/v1/emails/send-email' },
      {
        body: { schema: wireObject({ email: wireEmail(), password: wireString() }), input: { email: 'x', foo: 1 } },
        params: { schema: wireObject({ id: wireUuid() }), input: { id: 'x' } },
      },
    );
  const message =
    'Request validation failed on POST /api/v1/emails/send-email:\n  - body.email must be a valid email\n  - body.password must be defined\n' +
    '  - body contains unknown properties: foo\n  - params.id must be a valid UUID';
  expect(read).toThrow(KnownError);
  expect(read).toThrow(message);
});

test('a prototype key is an unknown property like any other', () => {
  const input = JSON.parse('{"email":"a@b.co","enabled":true,"__proto__":1}');
  expect(readInput(ours as z.ZodType, 'body', input)).toEqual({ problems: ['body contains unknown properties: __proto__'] });
});

test('a property named toString is a value, not code', () => {
  const reading = readInput(ours as z.ZodType, 'body', { email: 'a@b.co', enabled: { toString: 1 }, limit: [{ toString: 1 }] });
  expect(reading).toMatchObject({
    problems: [expect.stringMatching(/^body.limit must be a `number`/), expect.stringMatching(/^body.enabled/)],
  });
});

test('what a client calls its property cannot change the words', () => {
  const reading = readInput(wireObject({}), 'body', { '$&${path}': 1 });
  expect(reading).toEqual({ problems: ['body contains unknown properties: $&${path}'] });
});

/** Several tests of one value end in any order in the legacy; the set of its words is what counts. */
function sorted(reading: { value: unknown } | { problems: string[] }): unknown {
  return 'problems' in reading ? { problems: [...reading.problems].sort() } : reading;
}
