import { randomUUID } from 'node:crypto';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { escapeHtml } from '@stackframe/stack-shared/dist/utils/html';
import type { Auth } from '../auth/authenticate.ts';
import { database, type Transaction } from '../database.ts';
import { transactional } from '../emails/categories.ts';
import { assertRedirectUrlAllowed } from '../redirect-urls.ts';
import { asEmailTakenError, createUser } from '../users/create-user.ts';
import { normalizeEmail } from '../users/email-address.ts';
import { findUser } from '../users/find-user.ts';
import { assertPasswordAllowed, hashPassword } from '../users/password.ts';
import { createSession, mintAccessToken, type Tokens } from './session.ts';

const codeLifetimeMillis = 7 * 24 * 60 * 60 * 1000;

export type SignUp = { email: string; password: string; verificationCallbackUrl: string | undefined };

/** Makes a user with a password and signs it in; asks for the verification mail when a callback is given. All in one commit. */
export async function signUpWithPassword(auth: Auth, signUp: SignUp): Promise<Tokens & { userId: string }> {
  const { config } = auth.project;
  if (!config.auth.password.allowSignIn) throw new KnownErrors.PasswordAuthenticationNotEnabled();
  if (signUp.verificationCallbackUrl !== undefined) assertRedirectUrlAllowed(signUp.verificationCallbackUrl, config.domains);
  if (!config.auth.allowSignUp) throw new KnownErrors.SignUpNotEnabled();
  assertPasswordAllowed(signUp.password);
  const email = normalizeEmail(signUp.email);
  await assertEmailFree(auth.tenancyId, email);
  const passwordHash = await hashPassword(signUp.password);
  try {
    const { row, session } = await database().$transaction(async (tx) => {
      const owner = { tenancyId: auth.tenancyId, config };
      const userId = await createUser(tx, owner, { email: { value: email, isVerified: false, usedForAuth: true }, passwordHash });
      const key = { tenancyId: auth.tenancyId, projectUserId: userId };
      const session = await createSession(tx, key);
      if (signUp.verificationCallbackUrl !== undefined)
        await requestVerificationMail(tx, auth, { userId, email, callbackUrl: signUp.verificationCallbackUrl });
      const row = await findUser(key, tx);
      if (row === null) throw new Error('the user just made is gone');
      return { row, session };
    });
    const accessToken = await mintAccessToken(row, session.id, { projectId: auth.project.id, branchId: auth.branchId, config });
    return { accessToken, refreshToken: session.refreshToken, userId: row.projectUserId };
  } catch (error) {
    throw asEmailTakenError(error, email);
  }
}

// Spares the hash for the common case; the unique index is what decides.
async function assertEmailFree(tenancyId: string, email: string): Promise<void> {
  const taken = await database().contactChannel.findFirst({
    where: { tenancyId, type: 'EMAIL', value: email, usedForAuth: 'TRUE' },
    select: { id: true },
  });
  if (taken !== null) throw new KnownErrors.UserWithEmailAlreadyExists(email);
}

/** Migration, legacy/README.md line 1: a request row, not an outbox row; whoever owns notifications makes the mail of it. */
async function requestVerificationMail(
  tx: Transaction,
  auth: Auth,
  mail: { userId: string; email: string; callbackUrl: string },
): Promise<void> {
  const code = generateSecureRandomString();
  await tx.verificationCode.create({
    data: {
      projectId: auth.project.id,
      branchId: auth.branchId,
      id: randomUUID(),
      type: 'CONTACT_CHANNEL_VERIFICATION',
      code,
      expiresAt: new Date(Date.now() + codeLifetimeMillis),
      redirectUrl: mail.callbackUrl,
      method: { email: mail.email },
      data: { user_id: mail.userId },
    },
  });
  const link = new URL(mail.callbackUrl);
  link.searchParams.set('code', code);
  await tx.mailRequest.create({
    data: {
      tenancyId: auth.tenancyId,
      id: randomUUID(),
      kind: 'contact-channel-verification',
      payload: {
        recipient: { type: 'user-custom-emails', user_id: mail.userId, emails: [mail.email] },
        ...verificationMail(auth.project.displayName, link.toString()),
        isTransactional: true,
        isHighPriority: true,
        notificationCategoryId: transactional.id,
      },
    },
  });
}

function verificationMail(projectName: string, link: string): { subject: string; html: string; text: string } {
  const subject = `Verify your email at ${projectName}`;
  const html = `<h1>${escapeHtml(subject)}</h1><p>Please follow this link to verify your email.</p><p><a href="${escapeHtml(link)}">Verify my email</a></p>`;
  return { subject, html, text: `Please follow this link to verify your email:\n\n${link}\n` };
}
