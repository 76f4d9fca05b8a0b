import { randomUUID } from 'node:crypto';
import { generateRegistrationOptions, type RegistrationResponseJSON, verifyRegistrationResponse } from '@simplewebauthn/server';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { signedInUser } from '../auth/own-user.ts';
import { checkCode, spendCode } from '../codes/verification-code.ts';
import { database, type Transaction, violatedIndex } from '../database.ts';
import type { UserKey } from '../users/find-user.ts';
import { lockUser } from '../users/lock-user.ts';
import {
  assertPasskeysOn,
  ceremonyMillis,
  challengeOption,
  keepChallenge,
  relyingPartySentinel,
  trustedOrigin,
} from './passkey-challenge.ts';

/** Ed25519, ES256, RS256. */
const algorithms = [-8, -7, -257];

/** The options of `navigator.credentials.create` and the code that its answer is handed in with. */
export async function beginRegistration(auth: Auth) {
  assertPasskeysOn(auth);
  const user = signedInUser(auth);
  const { hints, ...options } = await generateRegistrationOptions({
    rpName: auth.project.displayName,
    rpID: relyingPartySentinel,
    userName: user.contactChannels[0]?.value ?? user.displayName ?? user.projectUserId,
    userID: Uint8Array.from(Buffer.from(user.projectUserId)),
    userDisplayName: user.displayName ?? '',
    timeout: ceremonyMillis,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
    supportedAlgorithmIDs: algorithms,
    ...challengeOption(),
  });
  const data = { challenge: options.challenge, user_id: user.projectUserId };
  const code = await keepChallenge(auth, 'PASSKEY_REGISTRATION_CHALLENGE', data);
  // The published clients' browsers stumble over a list without hints.
  return { options: hints === undefined || hints.length === 0 ? options : { ...options, hints }, code };
}

/** Keeps a passkey in place of the one the user had. Answers its user handle. Throws PASSKEY_REGISTRATION_FAILED, errors of codes. */
export async function registerPasskey(auth: Auth, code: string, response: RegistrationResponseJSON): Promise<string> {
  assertPasskeysOn(auth);
  const user = signedInUser(auth);
  const row = await checkCode(branchOf(auth), 'PASSKEY_REGISTRATION_CHALLENGE', code);
  const { challenge, user_id: userId } = row.data as { challenge: string; user_id: string };
  if (userId !== user.projectUserId) throw new KnownErrors.VerificationCodeNotFound();
  const passkey = await verifiedPasskey(auth, response, challenge);
  const key = { tenancyId: auth.tenancyId, projectUserId: userId };
  const userHandle = Buffer.from(userId).toString('base64url');
  try {
    await database().$transaction(async (tx) => {
      await spendCode(tx, row);
      await lockUser(tx, key);
      await replacePasskey(tx, key, { ...passkey, userHandle });
    });
  } catch (error) {
    throw violatedIndex(error) === 'PasskeyAuthMethod_tenancyId_credentialId_key' ? failed('This passkey belongs to another user.') : error;
  }
  return userHandle;
}

type Passkey = { credentialId: string; publicKey: string; counter: number; transports: string[]; credentialDeviceType: string };

async function verifiedPasskey(auth: Auth, response: RegistrationResponseJSON, expectedChallenge: string): Promise<Passkey> {
  const origin = trustedOrigin(auth, response.response.clientDataJSON);
  if (origin === null) throw failed('The passkey was made on a page that this project does not trust.');
  const options = { response, expectedChallenge, ...origin, requireUserVerification: false, supportedAlgorithmIDs: algorithms };
  // The library throws for whatever is wrong with the answer, and has no other way to fail.
  const { registrationInfo } = await verifyRegistrationResponse(options).catch(() => ({ registrationInfo: undefined }));
  if (registrationInfo === undefined) throw failed('The passkey could not be verified.');
  const { credential, credentialDeviceType } = registrationInfo;
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: credential.transports ?? [],
    credentialDeviceType,
  };
}

async function replacePasskey(tx: Transaction, key: UserKey, passkey: Passkey & { userHandle: string }): Promise<void> {
  await tx.authMethod.deleteMany({ where: { ...key, passkey: { isNot: null } } });
  const authMethodId = randomUUID();
  await tx.authMethod.create({ data: { ...key, id: authMethodId } });
  await tx.passkeyAuthMethod.create({ data: { ...key, authMethodId, ...passkey } });
}

function failed(message: string): Error {
  return new KnownErrors.PasskeyRegistrationFailed(message);
}
