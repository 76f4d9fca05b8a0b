import { Normaliser } from '../scenario/normalise.ts';
import { loadSdk } from '../scenario/sdk.ts';
import type { CallRecord } from './call.ts';
import { Caller } from './caller.ts';
import { accountCalls } from './calls/account.ts';
import { definitionCalls, projectCalls } from './calls/admin.ts';
import { makeProject } from './calls/project.ts';
import { serverCalls } from './calls/server.ts';
import { signInCalls } from './calls/sign-in.ts';
import { teamCalls } from './calls/teams.ts';
import { MailReader } from './mail-reader.ts';
import type { CompatSettings } from './run-compat.ts';

// Runs in a process of its own: one SDK version at one door, settings as JSON in ATLAS_SCENARIO, the records as JSON on stdout.
const settings = JSON.parse(process.env['ATLAS_SCENARIO'] ?? '') as CompatSettings;
const { run, publicUrl, dashboard } = settings;

const normaliser = new Normaliser([
  [run, '<run>'],
  [dashboard.baseUrl, '<base>'],
]);
const caller = new Caller({ origin: new URL(dashboard.baseUrl).origin, normaliser });
const sdk = await loadSdk(settings.version);
process.stdout.write(JSON.stringify(await runAll()), () => process.exit(0));

async function runAll(): Promise<CallRecord[]> {
  await caller.group('project', async () => {
    const { target, admin, remove } = await makeProject({ sdk, call: (name, call) => caller.call(name, call), run }, dashboard);
    const world = { sdk, caller, mails: new MailReader(settings.mailboxUrl), target, publicUrl, run, admin };
    await definitionCalls(world);
    await signInCalls(world);
    await teamCalls(world);
    await accountCalls(world);
    await serverCalls(world);
    await projectCalls(world);
    await caller.call('ownedProject.delete', remove);
  });
  return caller.records;
}
