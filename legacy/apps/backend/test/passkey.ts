import { createRequire } from 'node:module';
import WebAuthnEmulator, { AuthenticatorEmulator, PasskeysCredentialsMemoryRepository } from 'nid-webauthn-emulator';
import type { Person, World } from './world.ts';

type Encoder = { pushAny(value: unknown): void; read(): Buffer | null };

// The emulator's CBOR library (cbor 10) takes what one `read()` of its stream gives, which since Node 26 is the first chunk only.
const cbor = createRequire(import.meta.resolve('nid-webauthn-emulator'))('cbor') as {
  Encoder: new () => Encoder;
  encode: (value: unknown) => Buffer;
};
cbor.encode = (value) => {
  const encoder = new cbor.Encoder();
  encoder.pushAny(value);
  const chunks: Buffer[] = [];
  for (let chunk = encoder.read(); chunk !== null; chunk = encoder.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
};

export const passkeyOrigin = 'http://localhost:3000';
type Options<T> = { options_json: T; code: string };
type CreationOptions = Parameters<WebAuthnEmulator['createJSON']>[1];
type RequestOptions = Parameters<WebAuthnEmulator['getJSON']>[1];

/** An authenticator of its own: by default the emulator's share what they hold. */
export function newAuthenticator(): WebAuthnEmulator {
  return new WebAuthnEmulator(new AuthenticatorEmulator({ credentialsRepository: new PasskeysCredentialsMemoryRepository() }));
}

/** What the published clients do before they ask the authenticator: the page's host takes the sentinel's place. */
export async function answerToRegistration(world: World, user: Person, authenticator = newAuthenticator(), origin = passkeyOrigin) {
  const begun = (await world.must('client', 'POST', '/auth/passkey/initiate-passkey-registration', { user, body: {} })) as unknown;
  const { options_json: options, code } = begun as Options<CreationOptions>;
  const credential = authenticator.createJSON(origin, { ...options, rp: { ...options.rp, id: new URL(origin).hostname } });
  return { credential, code };
}

export async function registerPasskey(world: World, user: Person): Promise<WebAuthnEmulator> {
  const authenticator = newAuthenticator();
  const body = await answerToRegistration(world, user, authenticator);
  await world.must('client', 'POST', '/auth/passkey/register', { user, body });
  return authenticator;
}

/** The answer of an authenticator that holds a passkey to a new challenge. */
export async function answerToAuthentication(world: World, authenticator: WebAuthnEmulator, origin = passkeyOrigin) {
  const begun = (await world.must('client', 'POST', '/auth/passkey/initiate-passkey-authentication', { body: {} })) as unknown;
  const { options_json: options, code } = begun as Options<RequestOptions>;
  const response = authenticator.getJSON(origin, { ...options, rpId: new URL(origin).hostname });
  return { authentication_response: response, code };
}
