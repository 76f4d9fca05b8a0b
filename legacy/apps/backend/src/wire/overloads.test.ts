import { type KnownError, KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { describe, expect, test } from 'vitest';
import { type Access, clientOnly, type Endpoint, serverOrHigher } from './endpoint.ts';
import { firstThatFits, overloadsFor } from './overloads.ts';

const overload = (access: Access): Endpoint => ({ method: 'GET', path: '/x', access, run: () => Promise.reject(new Error('not run')) });
const refusal = async (work: () => unknown): Promise<object> => {
  try {
    await work();
  } catch (error) {
    return (error as KnownError).toDescriptiveJson() as object;
  }
  throw new Error('was not refused');
};

describe('the overloads for a caller', () => {
  const [client, server] = [overload(clientOnly), overload(serverOrHigher)];
  test('are those of its access type', () => {
    expect(overloadsFor([client, server], { accessType: 'admin' })).toEqual([server]);
  });
  test('are told in one refusal when none is', async () => {
    expect(await refusal(() => overloadsFor([server, overload(['admin'])], { accessType: 'client' }))).toMatchObject({
      code: 'INSUFFICIENT_ACCESS_TYPE',
      details: { actual_access_type: 'client', allowed_access_types: ['server', 'admin'] },
    });
  });
  test('need an access type', async () => {
    expect(await refusal(() => overloadsFor([client], null))).toMatchObject({ code: 'ACCESS_TYPE_REQUIRED' });
  });
});

describe('a request with several overloads', () => {
  const [first, second] = [overload(clientOnly), overload(clientOnly)];
  const refuse = (message: string) => Promise.reject(new KnownErrors.SchemaError(message));

  test('is answered by the first that takes it', async () => {
    const chosen = await firstThatFits([first, second], (endpoint) => (endpoint === first ? refuse('a') : Promise.resolve('parts')));
    expect(chosen).toEqual({ endpoint: second, parts: 'parts' });
  });
  test('is refused once by refusals that are the same', async () => {
    expect(await refusal(() => firstThatFits([first, second], () => refuse('a')))).toMatchObject({ code: 'SCHEMA_ERROR' });
  });
  test('is told every refusal when they differ', async () => {
    const told = await refusal(() => firstThatFits([first, second], (endpoint) => refuse(endpoint === first ? 'a' : 'b')));
    expect(told).toMatchObject({
      code: 'ALL_OVERLOADS_FAILED',
      details: { overload_errors: [{ details: { message: 'a' } }, { details: { message: 'b' } }] },
    });
  });
  test('fails at once with what is no refusal', async () => {
    await expect(firstThatFits([first, second], () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
