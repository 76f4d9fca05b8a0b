import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EvidenceSummary } from '@atlas/contracts/control';
import { AppError, errorText } from '@atlas/kit/errors';
import { type AuditReport, audit, isDrained } from '../audit.ts';
import type { Stack } from '../running-stack.ts';
import { sdkVersions } from '../scenario/sdk.ts';
import { developmentSecrets } from '../topology.ts';
import { demoClients } from './clients.ts';
import type { DemoResult } from './closing.ts';
import { Control } from './control.ts';
import { type EvidencePlace, measureLoad, verifyContracts } from './evidence.ts';
import { figuresOf } from './moves.ts';
import type { Progress } from './progress.ts';
import { Traffic } from './traffic.ts';
import { bringBack, type WalkDeps, walkTo, wayOf } from './walk.ts';

const loadAttemptsMax = 4;
const loadPauseMs = 2_000;
const slice = 'notifications';
const settleSeconds = 2;
const shortSeconds = 12;
const enoughSecondsMax = 25;
/** An hour-old proof must last until the last flip of this run. */
const evidenceSecondsMin = 300;
const enough = { rows: 830, writes: 1_050 };

/** What a run needs; `isShort` walks once and only as long as it takes. */
export type DemoOptions = { stack: Stack; progress: Progress; isShort: boolean; isKept: boolean };

/** Traffic, moves, audit. Never throws for what it set out to find: a walk that got stuck is part of the result. */
export async function runDemo({ stack, progress, isShort, isKept }: DemoOptions): Promise<DemoResult> {
  const control = new Control(stack.urls.migrate, slice);
  const places: string[] = [];
  let traffic: Traffic | undefined;
  const walk: WalkDeps = {
    control,
    slice,
    unleash: { url: stack.urls.unleash, adminToken: developmentSecrets.unleashAdminToken },
    waiting: (text) => progress.live(text, traffic?.counts()),
    reached: (place) => {
      places.push(place);
      progress.note(place);
    },
  };
  await bringBack(walk, isShort ? 'replicating' : 'legacy');
  places.length = 0;
  const began = await control.journalEnd();
  const run = `atlas${Date.now().toString(36)}`;
  const folder = join(stack.folder, 'clients', run);
  mkdirSync(folder, { recursive: true });
  traffic = new Traffic(demoClients({ baseUrl: stack.urls.gateway, run, folder }));
  const evidence = giveEvidence({ place: placeOf(stack), traffic, progress, fresh: await freshEvidence(stack, control) });
  const failure = await tryWalk(async () => {
    await evidence.contracts;
    if (isShort) await shortWalk(walk, evidence.load);
    else await wholeWalk(walk, evidence.load, traffic);
  });
  await Promise.allSettled([evidence.contracts, evidence.load]);
  progress.live('letting the clients finish', traffic.counts());
  await traffic.stop();
  const report = await auditWhenDrained(stack, control, { run, folder, secondsMax: isShort ? 12 : 30 }, progress);
  return {
    way: wayOf(places),
    versions: sdkVersions,
    audit: report,
    moves: figuresOf(await control.journalAfter(began)),
    seconds: progress.seconds,
    urls: { mailbox: stack.urls.mailbox, flags: stack.urls.unleash },
    isKept,
    failure,
  };
}

/** Kinds of evidence that can still be believed: an earlier run gave them, about the builds that run now. */
async function freshEvidence(stack: Stack, control: Control): Promise<Set<string>> {
  const { evidence } = await control.status();
  const contents = { legacyContent: stack.env('legacy')['CONTENT_HASH'], extractedContent: stack.env('notifications')['CONTENT_HASH'] };
  const isAboutThis = ({ kind, value }: EvidenceSummary) =>
    kind !== 'pact' || (value['legacyContent'] === contents.legacyContent && value['extractedContent'] === contents.extractedContent);
  const isFresh = ({ verdict, expiresAt }: EvidenceSummary) =>
    verdict === 'pass' && Date.parse(expiresAt) > Date.now() + evidenceSecondsMin * 1000;
  return new Set(evidence.filter((each) => isFresh(each) && isAboutThis(each)).map(({ kind }) => kind));
}

type Evidence = { contracts: Promise<void>; load: Promise<void> };

/** Contracts are verified while the clients sign up, load is measured among their traffic. Both are asked for before canary. */
function giveEvidence({
  place,
  traffic,
  progress,
  fresh,
}: {
  place: EvidencePlace;
  traffic: Traffic;
  progress: Progress;
  fresh: Set<string>;
}): Evidence {
  const verified = fresh.has('pact') ? Promise.resolve() : verifyContracts(place);
  const contracts = verified.then(() => progress.note('contracts of both SDKs hold on both sides'));
  const load = contracts
    .then(() => traffic.start())
    .then(() => (fresh.has('load') ? undefined : answerLoad(place, progress)))
    .then(() => progress.note('the load question is answered'));
  for (const promise of [contracts, load]) promise.catch(() => {}); // awaited by the walk, which may not have come there yet
  return { contracts, load };
}

/** A stack that came up a moment ago is slow at first and fails the question rightly: it is asked again when it has warmed up. */
async function answerLoad(place: EvidencePlace, progress: Progress): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await sleep(loadPauseMs);
    if (await measureLoad(place, { rate: 8, seconds: 5 })) return;
    if (attempt === loadAttemptsMax) throw new AppError('GATE_FAILED', { message: `the load limits were not met in ${attempt} attempts` });
    progress.note('the load question is not met by a stack this young: asked again');
  }
}

async function tryWalk(walk: () => Promise<void>): Promise<string | undefined> {
  try {
    await walk();
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

async function wholeWalk(walk: WalkDeps, load: Promise<void>, traffic: Traffic): Promise<void> {
  await walkTo(walk, { phase: 'replicating', percent: 5 });
  await walkTo(walk, { phase: 'shadow' });
  await load;
  for (const percent of [5, 25, 100]) await walkTo(walk, { phase: 'canary', percent });
  await walkTo(walk, { phase: 'extracted' });
  await rest(walk, 'the service owns notifications', settleSeconds);
  await walkTo(walk, { phase: 'legacy' });
  await rest(walk, 'the legacy owns notifications again', settleSeconds);
  await walkTo(walk, { phase: 'extracted' });
  await rest(walk, 'the service owns notifications', settleSeconds);
  const deadline = performance.now() + enoughSecondsMax * 1000;
  while (!isEnough(traffic) && performance.now() < deadline) await rest(walk, 'more traffic', 0.5);
}

async function shortWalk(walk: WalkDeps, load: Promise<void>): Promise<void> {
  const began = performance.now();
  await load;
  await walkTo(walk, { phase: 'extracted', percent: 100 });
  const leftSeconds = shortSeconds - (performance.now() - began) / 1000;
  await rest(walk, 'the service owns notifications', Math.max(settleSeconds, leftSeconds));
}

function isEnough(traffic: Traffic): boolean {
  const { acknowledgedMails, acknowledgedPreferences } = traffic.counts();
  return acknowledgedMails >= enough.rows && acknowledgedMails + acknowledgedPreferences >= enough.writes;
}

async function rest(walk: WalkDeps, text: string, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    walk.waiting(text);
    await sleep(200);
  }
}

/** Audits until every accepted mail arrived or its time is over, then once more: what comes twice comes late. */
async function auditWhenDrained(
  stack: Stack,
  control: Control,
  of: { run: string; folder: string; secondsMax: number },
  progress: Progress,
): Promise<AuditReport> {
  const { owner } = await control.status();
  const database = owner === 'legacy' ? 'legacy' : 'notifications';
  const look = () =>
    audit({
      records: of.folder,
      run: of.run,
      owner,
      databaseUrl: stack.urls.database(database, 'postgres'),
      legacyDatabaseUrl: stack.urls.database('legacy', 'postgres'),
      mailboxUrl: stack.urls.mailbox,
    });
  const deadline = performance.now() + of.secondsMax * 1000;
  for (;;) {
    const report = await look();
    progress.live(`mails ${report.mailsDelivered} of ${report.mailsAccepted}`, undefined);
    if (isDrained(report) || performance.now() > deadline) break;
    await sleep(500);
  }
  await sleep(1_000);
  return look();
}

function placeOf(stack: Stack): EvidencePlace {
  const { urls, prefix, folder } = stack;
  return { prefix, publicUrl: urls.public, gatewayUrl: urls.gateway, migrateUrl: urls.migrate, logFolder: join(folder, 'logs') };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
