import { join } from 'node:path';
import { loadSdk } from '../../scenario/sdk.ts';
import { recordRequests } from './act.ts';
import { ClientFile } from './client-file.ts';
import { liveShortly } from './deletions.ts';
import { createMailer } from './mails.ts';
import { Pace } from './pace.ts';
import { type Client, type Person, signIn, signUp } from './person.ts';
import { visitWithProvider } from './provider.ts';
import type { TrafficMessage, TrafficSettings } from './settings.ts';
import { liveTeam } from './teams.ts';

// One traffic process: one SDK version, settings as JSON in ATLAS_TRAFFIC. It begins when told `go`, ends when told `stop`.
const settings = JSON.parse(process.env['ATLAS_TRAFFIC'] ?? '') as TrafficSettings;
const firstNumber = 1_000;
/** Enough for a second's hold at full rate; more would only queue up on a machine that is too slow. */
const mailsUnderWayMax = 16;
const listEach = 10;

const file = new ClientFile(join(settings.folder, `${settings.client}.jsonl`), settings.client);
recordRequests(file);
const client: Client = { sdk: await loadSdk(settings.version), settings, file };
const people = await signUpAll(client);
if (people.length === 0) {
  tell({ kind: 'stuck', text: `${settings.client}: nobody could sign up` });
  process.exit(1);
}
const heard = Promise.withResolvers<void>();
const told = Promise.withResolvers<void>();
process.on('message', (word) => (word === 'go' ? heard.resolve() : told.resolve()));
process.on('disconnect', () => process.exit(1));
tell({ kind: 'ready' });
await heard.promise;
await work(client, people);

async function signUpAll(of: Client): Promise<Person[]> {
  const all: Person[] = [];
  for (let n = 1; n <= settings.users; n += 1) {
    const person = await signUp(of, n);
    if (person !== undefined) all.push(person);
  }
  return all;
}

async function work(of: Client, all: Person[]): Promise<void> {
  const mailer = createMailer(of);
  const pick = (n: number) => all[n % all.length] as Person;
  const busy = new Set<Person>();
  const paces = [
    new Pace({ perSecond: settings.mailsPerSecond, limit: mailsUnderWayMax, first: firstNumber }, (n) => mailer.send(n, pick(n))),
    new Pace({ perSecond: settings.preferencesPerSecond, limit: all.length, first: firstNumber }, (n) => change(pick(n), n)),
    new Pace({ perSecond: settings.signUpsPerSecond, limit: 4, first: firstNumber }, (n) => visit(of, n)),
    new Pace({ perSecond: settings.teamsPerSecond, limit: 4, first: firstNumber }, (n) => liveTeam(of, n, pick(n))),
    new Pace({ perSecond: settings.deletionsPerSecond, limit: 4, first: firstNumber }, (n) => liveShortly(of, n)),
    new Pace({ perSecond: settings.providerSignInsPerSecond, limit: 2, first: firstNumber }, (n) => visitWithProvider(of, n)),
  ];
  const timer = setInterval(() => tell({ kind: 'counts', counts: file.counts }), 500);
  await told.promise;
  await Promise.all(paces.map((pace) => pace.stop()));
  clearInterval(timer);
  tell({ kind: 'counts', counts: file.counts });
  file.close();
  process.disconnect?.();
  process.exit(0);

  /** One register is written by one act at a time: only then is there a last acknowledged value. */
  async function change(person: Person, n: number): Promise<void> {
    if (busy.has(person)) return;
    busy.add(person);
    await person.setMarketing(n, Math.floor(n / all.length) % 2 === 0).finally(() => busy.delete(person));
  }

  async function visit(one: Client, n: number): Promise<void> {
    const person = await signUp(one, n);
    if (person !== undefined) await signIn(one, n, person);
    if (n % listEach === 0) await mailer.listUsers(n);
  }
}

function tell(message: TrafficMessage): void {
  process.send?.(message);
}
