import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { database, type Transaction } from '../database.ts';
import type { Prisma, VerificationCode, VerificationCodeType } from '../generated/prisma/client.ts';

export const codeLength = 45;
/** The part of a code that a person types; the rest is the nonce that the client keeps. */
export const otpLength = 6;
export const weekMillis = 7 * 24 * 60 * 60 * 1000;
const attemptsMax = 20;

export type CodeOwner = { projectId: string; branchId: string };
export type NewCode = {
  type: VerificationCodeType;
  expiresInMillis?: number;
  redirectUrl?: string | null;
  method?: Prisma.InputJsonValue;
  data?: Prisma.InputJsonValue;
};

/** Writes a new code: 224 random bits in 45 characters of lower-case base32. */
export async function createCode(tx: Transaction, owner: CodeOwner, code: NewCode): Promise<{ id: string; code: string }> {
  const made = { id: randomUUID(), code: generateSecureRandomString() };
  await tx.verificationCode.create({
    data: {
      projectId: owner.projectId,
      branchId: owner.branchId,
      ...made,
      type: code.type,
      expiresAt: new Date(Date.now() + (code.expiresInMillis ?? weekMillis)),
      redirectUrl: code.redirectUrl ?? null,
      method: code.method ?? {},
      data: code.data ?? {},
    },
  });
  return made;
}

/**
 * Finds a code that may still be used, and counts the attempt, at once and for good: whatever happens to the caller's transaction, a guess counts.
 * Throws VERIFICATION_CODE_NOT_FOUND, _MAX_ATTEMPTS_REACHED, _EXPIRED, _ALREADY_USED.
 */
export async function checkCode(owner: CodeOwner, type: VerificationCodeType, typed: string): Promise<VerificationCode> {
  const code = typed.toLowerCase();
  const attempts = await countAttempt(owner, code);
  const row = await database().verificationCode.findUnique({ where: { projectId_branchId_code: { ...owner, code } } });
  if (attempts > attemptsMax) throw new KnownErrors.VerificationCodeMaxAttemptsReached();
  if (row === null || row.type !== type) throw new KnownErrors.VerificationCodeNotFound();
  if (row.expiresAt <= new Date()) throw new KnownErrors.VerificationCodeExpired();
  if (row.usedAt !== null) throw new KnownErrors.VerificationCodeAlreadyUsed();
  return row;
}

/** Marks a checked code as used, in the transaction of what it is used for. Of two at the same time one gets VERIFICATION_CODE_ALREADY_USED. */
export async function spendCode(tx: Transaction, row: Pick<VerificationCode, 'projectId' | 'branchId' | 'id'>): Promise<void> {
  const { count } = await tx.verificationCode.updateMany({
    where: { projectId: row.projectId, branchId: row.branchId, id: row.id, usedAt: null },
    data: { usedAt: new Date() },
  });
  if (count === 0) throw new KnownErrors.VerificationCodeAlreadyUsed();
}

/** Adds one to every code with the same nonce, so that a wrong guess of the six characters counts. Answers the highest count. */
async function countAttempt(owner: CodeOwner, code: string): Promise<number> {
  const rows = await database().$queryRaw<{ attemptCount: number }[]>`
    update "VerificationCode" set "attemptCount" = "attemptCount" + 1
    where "projectId" = ${owner.projectId} and "branchId" = ${owner.branchId} and right("code", 39) = ${code.slice(otpLength)}
    returning "attemptCount"`;
  return Math.max(0, ...rows.map((row) => row.attemptCount));
}
