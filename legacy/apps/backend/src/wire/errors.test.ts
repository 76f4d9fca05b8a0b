import { expect, test, vi } from 'vitest';
import { Prisma } from '../generated/prisma/client.ts';
import { replyToError } from './errors.ts';

vi.spyOn(process.stdout, 'write').mockReturnValue(true);
const request = { method: 'POST', pathname: '/api/v1/x', projectId: 'p', writesNotifications: false };
const prismaError = (message: string) => new Prisma.PrismaClientKnownRequestError(message, { code: 'P2028', clientVersion: '7' });

test('a transaction that could not begin is answered so that clients ask again: nothing was done', () => {
  const reply = replyToError(prismaError('Transaction API error: Unable to start a transaction in the given time.'), request);
  expect(reply).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
});

test('one that was cut in the middle is a failure: nobody knows what a client should do', () => {
  const reply = replyToError(prismaError('Transaction API error: Transaction already closed: A query cannot be executed'), request);
  expect(reply).toMatchObject({ status: 500 });
});
