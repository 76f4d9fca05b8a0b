import { expect, test } from 'vitest';
import { errorFacts } from './log.ts';

test('what Prisma says of a query, values and all, stays out of the log', () => {
  const error = new Error('\nInvalid `x.findUnique()` invocation:\n{ refreshToken: "secret-token" }\n\nUnknown argument `id`.');
  error.name = 'PrismaClientValidationError';
  error.stack = `PrismaClientValidationError: ${error.message}\n    at somewhere`;
  const facts = errorFacts(error);
  expect(JSON.stringify(facts)).not.toContain('secret-token');
  expect(facts).toEqual({ error: 'Unknown argument `id`.', errorName: 'PrismaClientValidationError', stack: '    at somewhere' });
});
