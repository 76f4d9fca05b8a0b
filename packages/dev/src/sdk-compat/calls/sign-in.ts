import { generate } from 'otplib';
import { must } from '../caller.ts';
import { appUrl, asClient, emailOf, password, signUp, type World } from '../world.ts';

/** Every way in and out but providers, passkeys and the command line. */
export async function signInCalls(world: World): Promise<void> {
  const { caller } = world;
  await caller.group('passwords', () => passwords(world));
  await caller.group('magic links', () => magicLinks(world));
  await caller.group('second factor', () => secondFactor(world));
  await caller.group('forgotten passwords', () => forgottenPasswords(world));
  await caller.group('leaving', () => leaving(world));
}

async function passwords(world: World): Promise<void> {
  const { caller, mails } = world;
  const email = emailOf(world, 'ann');
  const app = world.sdk.createClient(world.target);
  await caller.call('client.getUser signed out', () => app.getUser());
  await caller.call('client.signUpWithCredential', () =>
    app.signUpWithCredential({ email, password, verificationCallbackUrl: `${appUrl}/v`, noRedirect: true }),
  );
  await caller.call('client.signInWithCredential', () => app.signInWithCredential({ email, password, noRedirect: true }));
  await caller.call(
    'client.signInWithCredential (wrong)',
    () => app.signInWithCredential({ email, password: 'wrong 123', noRedirect: true }),
    {
      refused: 'EMAIL_PASSWORD_MISMATCH',
    },
  );
  await caller.call('client.getUser', async () => (await app.getUser())?.toClientJson());
  await caller.call('client.getProject', () => app.getProject());
  const user = await app.getUser({ or: 'throw' });
  await caller.call('user.update displayName', () => user.update({ displayName: 'Ann' }));
  // The types leave the options out; without a window the SDK wants them.
  const verifiable = user as unknown as { sendVerificationEmail(options: { callbackUrl: string }): Promise<unknown> };
  await caller.call('user.sendVerificationEmail', () => verifiable.sendVerificationEmail({ callbackUrl: `${appUrl}/v` }));
  await caller.call('client.verifyEmail', async () => app.verifyEmail(await mails.code(email, 'Verify your email')));
  await caller.call('user.updatePassword', () => user.updatePassword({ oldPassword: password, newPassword: `${password}!` }));
  await caller.call('user.getAccessToken/authJson', async () => {
    const { accessToken, refreshToken } = await user.getAuthJson();
    return { accessToken: await user.getAccessToken(), isSame: accessToken === (await user.getAccessToken()), refreshToken };
  });
  await caller.call('client.getPartialUser', () => app.getPartialUser({ from: 'token' }));
}

async function magicLinks(world: World): Promise<void> {
  const { caller, mails } = world;
  const email = emailOf(world, 'mag');
  const { app } = await signUp(world, 'mag-before');
  await caller.call('client.sendMagicLinkEmail', () => app.sendMagicLinkEmail(email, { callbackUrl: `${appUrl}/m` }));
  await caller.call('client.signInWithMagicLink', async () =>
    app.signInWithMagicLink(await mails.code(email, 'Sign in to'), { noRedirect: true }),
  );
  const user = await app.getUser({ or: 'throw' });
  await caller.call('user.setPassword', () => user.setPassword({ password }));
  await caller.call('client.signInWithMagicLink (used)', async () => app.signInWithMagicLink(await mails.code(email, 'Sign in to')), {
    refused: 'VERIFICATION_CODE_ALREADY_USED',
  });
}

async function secondFactor(world: World): Promise<void> {
  const { caller } = world;
  const { app, user, email } = await signUp(world, 'mfa');
  const secret = new TextEncoder().encode('twenty bytes of key!');
  await caller.call('user.update totp', () => user.update({ totpMultiFactorSecret: secret }));
  const refused = (await asClient(world, '/auth/password/sign-in', { email, password })) as { details?: { attempt_code?: string } };
  const attempt = must(refused.details?.attempt_code, 'attempt code of the sign-in');
  await caller.call('client.signInWithMfa', async () => app.signInWithMfa(await generate({ secret }), attempt, { noRedirect: true }));
}

async function forgottenPasswords(world: World): Promise<void> {
  const { caller, mails } = world;
  const { email } = await signUp(world, 'lost', { verified: true });
  const app = world.sdk.createClient(world.target);
  await caller.call('client.sendForgotPasswordEmail', () => app.sendForgotPasswordEmail(email, { callbackUrl: `${appUrl}/r` }));
  const code = await mails.code(email, 'Reset your password');
  await caller.call('client.verifyPasswordResetCode', () => app.verifyPasswordResetCode(code));
  await caller.call('client.resetPassword', () => app.resetPassword({ code, password: 'new pass 123' }));
  await caller.call('client.signInWithCredential (reset)', () =>
    app.signInWithCredential({ email, password: 'new pass 123', noRedirect: true }),
  );
}

async function leaving(world: World): Promise<void> {
  const { caller } = world;
  const leaver = await signUp(world, 'leaver');
  const elsewhere = world.sdk.createClient(world.target);
  await elsewhere.signInWithCredential({ email: leaver.email, password, noRedirect: true });
  const sessions = await caller.call('user.getActiveSessions', () => leaver.user.getActiveSessions());
  const other = sessions?.find(({ isCurrentSession }) => !isCurrentSession);
  await caller.call('user.revokeSession', () => leaver.user.revokeSession(must(other, 'other session').id));
  await caller.call('user.delete', () => leaver.user.delete());
  const quitter = await signUp(world, 'quitter');
  await caller.call('user.signOut', () => quitter.user.signOut());
  const nobody = world.sdk.createClient(world.target);
  await caller.call('client.getUser({or:anonymous}) signed out', async () => (await nobody.getUser({ or: 'anonymous' })).toClientJson());
  await caller.call('client.signUpWithCredential (anonymous)', () =>
    nobody.signUpWithCredential({ email: emailOf(world, 'known'), password, noVerificationCallback: true, noRedirect: true }),
  );
}
