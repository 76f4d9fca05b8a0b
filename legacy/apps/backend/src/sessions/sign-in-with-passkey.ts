import { type AuthenticationResponseJSON, generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { checkCode, spendCode } from '../codes/verification-code.ts';
import { database, type Transaction } from '../database.ts';
import type { PasskeyAuthMethod } from '../generated/prisma/client.ts';
import {
  assertPasskeysOn,
  ceremonyMillis,
  challengeOption,
  keepChallenge,
  relyingPartySentinel,
  trustedOrigin,
} from './passkey-challenge.ts';
import { type SignedIn, sessionOwner, signedIn, signIn } from './sign-in-session.ts';

/** The options of `navigator.credentials.get` and the code that its answer is handed in with. Nobody is named: the authenticator knows. */
export async function beginAuthentication(auth: Auth) {
  assertPasskeysOn(auth);
  const options = await generateAuthenticationOptions({
    rpID: relyingPartySentinel,
    userVerification: 'preferred',
    timeout: ceremonyMillis,
    allowCredentials: [],
    ...challengeOption(),
  });
  const code = await keepChallenge(auth, 'PASSKEY_AUTHENTICATION_CHALLENGE', { challenge: options.challenge });
  return { options, code };
}

/** Throws PASSKEY_AUTHENTICATION_FAILED, errors of codes, MULTI_FACTOR_AUTHENTICATION_REQUIRED. */
export async function signInWithPasskey(auth: Auth, code: string, response: AuthenticationResponseJSON): Promise<SignedIn> {
  assertPasskeysOn(auth);
  const row = await checkCode(branchOf(auth), 'PASSKEY_AUTHENTICATION_CHALLENGE', code);
  const { challenge } = row.data as { challenge: string };
  const passkey = await database().passkeyAuthMethod.findUnique({
    where: { tenancyId_credentialId: { tenancyId: auth.tenancyId, credentialId: response.id } },
  });
  if (passkey === null) throw failed('No user has this passkey.');
  const counter = await verifiedCounter(auth, passkey, response, challenge);
  const owner = sessionOwner(auth);
  const outcome = await database().$transaction(async (tx) => {
    await spendCode(tx, row);
    await moveCounter(tx, passkey, counter);
    return signIn(tx, owner, passkey.projectUserId);
  });
  return signedIn(outcome, owner);
}

async function verifiedCounter(
  auth: Auth,
  passkey: PasskeyAuthMethod,
  response: AuthenticationResponseJSON,
  expectedChallenge: string,
): Promise<number> {
  const { userHandle } = response.response;
  if (userHandle && userHandle !== passkey.userHandle) throw failed('The passkey is for another user.');
  const origin = trustedOrigin(auth, response.response.clientDataJSON);
  if (origin === null) throw failed('The passkey was used on a page that this project does not trust.');
  const credential = {
    id: passkey.credentialId,
    publicKey: Uint8Array.from(Buffer.from(passkey.publicKey, 'base64url')),
    counter: Number(passkey.counter),
  };
  const options = { response, expectedChallenge, ...origin, credential, requireUserVerification: false };
  // The library throws for most of what is wrong with the answer, a counter that went back among it.
  const result = await verifyAuthenticationResponse(options).catch(() => null);
  if (result === null || !result.verified) throw failed('The passkey could not be verified.');
  return result.authenticationInfo.newCounter;
}

/** An authenticator that counts is used once for each count: of two answers with one count, one is a copy's. Also ends with the passkey replaced meanwhile. */
async function moveCounter(tx: Transaction, passkey: PasskeyAuthMethod, counter: number): Promise<void> {
  const { count } = await tx.passkeyAuthMethod.updateMany({
    where: {
      tenancyId: passkey.tenancyId,
      authMethodId: passkey.authMethodId,
      ...(counter === 0 ? {} : { counter: { lt: counter } }),
    },
    data: { counter },
  });
  if (count === 0) throw failed('The passkey could not be verified.');
}

function failed(message: string): Error {
  return new KnownErrors.PasskeyAuthenticationFailed(message);
}
