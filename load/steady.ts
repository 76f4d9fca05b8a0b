import { check } from 'k6';
import http from 'k6/http';
import type { Options } from 'k6/options';

// The question: does the notification traffic of an ordinary day stay within the plan's limits? One k6 script; k6 itself or runner.ts runs it.
const env = (name: string, fallback: string): string => __ENV[name] ?? fallback;
const api = `${env('BASE_URL', 'http://127.0.0.1:8102')}/api/v1`;
const clientKey = env('CLIENT_KEY', 'this-publishable-client-key-is-for-local-development-only');
const serverKey = env('SERVER_KEY', 'this-secret-server-key-is-for-local-development-only');
const marketing = '4f6f8873-3d04-46bd-8bef-18338b1a1b4c';
const password = 'correct horse 7';

export const options: Options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: Number(env('RATE', '15')),
      timeUnit: '1s',
      duration: `${env('SECONDS', '10')}s`,
      preAllocatedVUs: 20,
      maxVUs: 60,
    },
  },
  thresholds: {
    http_req_duration: [`p(99)<=${env('P99_MS_MAX', '1000')}`],
    http_req_failed: [`rate<=${env('ERROR_RATE_MAX', '0')}`],
    dropped_iterations: ['count<=0'],
    checks: ['rate>=1'],
  },
  summaryTrendStats: ['med', 'p(90)', 'p(99)', 'max'],
};

type Person = { id: string; email: string; token: string };

/** A few people for the whole run. */
export async function setup(): Promise<Person[]> {
  const run = Date.now().toString(36);
  const people: Person[] = [];
  for (let n = 1; n <= 4; n += 1) {
    const email = `load${n}-${run}@example.com`;
    const answer = await post('/auth/password/sign-up', { email, password }, client());
    const body = answer.json() as { access_token: string; user_id: string };
    people.push({ id: body.user_id, email, token: body.access_token });
  }
  return people;
}

/** One visit: mostly somebody looks at what they are asked about, sometimes they change it, a backend writes, somebody signs in. */
export default async function visit(people: Person[]): Promise<void> {
  const person = people[Math.floor(Math.random() * people.length)] as Person;
  const chance = Math.random();
  if (chance < 0.6) return look(person);
  if (chance < 0.82) return choose(person);
  if (chance < 0.97) return write(person);
  return signIn(person);
}

async function look({ token }: Person): Promise<void> {
  const answer = await http.asyncRequest('GET', `${api}/emails/notification-preference/me`, null, { headers: client(token) });
  check(answer, { 'two categories': (each) => (each.json() as { items: unknown[] }).items.length === 2 });
}

async function choose({ token }: Person): Promise<void> {
  const enabled = Math.random() < 0.5;
  const body = JSON.stringify({ enabled });
  const answer = await http.asyncRequest('PATCH', `${api}/emails/notification-preference/me/${marketing}`, body, {
    headers: client(token),
  });
  check(answer, { 'chosen as asked': (each) => (each.json() as { enabled: boolean }).enabled === enabled });
}

async function write({ id }: Person): Promise<void> {
  const answer = await post('/emails/send-email', { user_ids: [id], subject: 'Steady', html: '<p>Steady</p>' }, server());
  check(answer, { 'taken for one user': (each) => (each.json() as { results: unknown[] }).results.length === 1 });
}

async function signIn({ email }: Person): Promise<void> {
  const answer = await post('/auth/password/sign-in', { email, password }, client());
  check(answer, { 'signed in': (each) => each.status === 200 });
}

function post(path: string, body: object, headers: Record<string, string>) {
  return http.asyncRequest('POST', `${api}${path}`, JSON.stringify(body), { headers });
}

function client(token?: string): Record<string, string> {
  return {
    ...common('client'),
    'x-stack-publishable-client-key': clientKey,
    ...(token === undefined ? {} : { 'x-stack-access-token': token }),
  };
}

function server(): Record<string, string> {
  return { ...common('server'), 'x-stack-secret-server-key': serverKey };
}

function common(accessType: string): Record<string, string> {
  return { 'content-type': 'application/json', 'x-stack-access-type': accessType, 'x-stack-project-id': env('PROJECT', 'internal') };
}
