import { randomUUID } from 'node:crypto';
import { notificationCategories } from '@atlas/contracts/wire';
import { type JsonAnswer, requestJson } from '@atlas/kit/http';
import { developmentKeys } from '../src/demo/clients.ts';

const [, marketing] = notificationCategories;
const timeoutMs = 20_000;

/** A user, and the backend that writes to them, by plain HTTP: for tests that look at one request. */
export class Person {
  readonly id: string;
  readonly email: string;
  readonly #url: string;
  readonly #token: string;

  private constructor(url: string, email: string, account: { user_id: string; access_token: string }) {
    this.#url = url;
    this.email = email;
    this.id = account.user_id;
    this.#token = account.access_token;
  }

  /** Signs up with a verification mail to an address of their own. Throws with the answer when that is refused. */
  static async signUp(url: string): Promise<Person> {
    const email = `e2e-${randomUUID()}@example.com`;
    const body = { email, password: 'correct horse 7', verification_callback_url: 'http://localhost:3000/v' };
    const answer = await send(url, 'POST', '/auth/password/sign-up', { body, headers: asClient() });
    if (answer.status !== 200) throw new Error(`sign-up answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return new Person(url, email, answer.body as { user_id: string; access_token: string });
  }

  preferences(): Promise<JsonAnswer> {
    return send(this.#url, 'GET', '/emails/notification-preference/me', { headers: asClient(this.#token) });
  }

  setMarketing(enabled: boolean): Promise<JsonAnswer> {
    const path = `/emails/notification-preference/me/${marketing.id}`;
    return send(this.#url, 'PATCH', path, { body: { enabled }, headers: asClient(this.#token) });
  }

  writeTo(subject: string): Promise<JsonAnswer> {
    const body = { user_ids: [this.id], subject, html: '<p>Hello</p>' };
    return send(this.#url, 'POST', '/emails/send-email', { body, headers: asServer() });
  }

  delete(): Promise<JsonAnswer> {
    return send(this.#url, 'DELETE', `/users/${this.id}`, { body: {}, headers: asServer() });
  }
}

function send(url: string, method: string, path: string, options: { body?: object; headers: Record<string, string> }): Promise<JsonAnswer> {
  return requestJson(`${url}/api/v1${path}`, { method, ...options, timeoutMs });
}

function asClient(token?: string): Record<string, string> {
  const keys = { 'x-stack-publishable-client-key': developmentKeys.publishableClientKey };
  return {
    'x-stack-access-type': 'client',
    'x-stack-project-id': 'internal',
    ...keys,
    ...(token === undefined ? {} : { 'x-stack-access-token': token }),
  };
}

function asServer(): Record<string, string> {
  const keys = { 'x-stack-secret-server-key': developmentKeys.secretServerKey };
  return { 'x-stack-access-type': 'server', 'x-stack-project-id': 'internal', ...keys };
}
