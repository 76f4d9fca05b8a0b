import { wire } from '@atlas/contracts/wire';
import { createIntrospection, createKeyStore, createTokenChecker } from '@atlas/kit/auth';
import { AppError, errorText } from '@atlas/kit/errors';
import { failpointRoutes } from '@atlas/kit/failpoints';
import type { Logger } from '@atlas/kit/logger';
import { createWireRouter, type WireReply } from '@atlas/kit/wire';
import express, { type Express } from 'express';
import type { Config } from './config.ts';
import { type Database, openDatabase, sqlStateOf } from './database/store.ts';
import { positionOf } from './gateway/headers.ts';
import { createMetrics, type Metrics } from './health/metrics.ts';
import { healthRoutes } from './health/routes.ts';
import { consumeDeletions, consumeRequests } from './inbox/consume.ts';
import { createInboxStore } from './inbox/store.ts';
import { mailRoutes } from './mail/routes.ts';
import { sendNext } from './mail/send-next.ts';
import { createMailer } from './mail/smtp.ts';
import { createMailStore } from './mail/store.ts';
import { preferenceRoutes } from './preferences/routes.ts';
import { createPreferenceStore } from './preferences/store.ts';
import { createProjectOwner, type MailSettings } from './project/project-owner.ts';
import { createSettingsCache } from './project/settings-cache.ts';
import { findRecipient } from './users/find-recipient.ts';
import { findUser, findUsers } from './users/find-users.ts';
import { createUserOwner } from './users/owner.ts';
import { createUserStore } from './users/store.ts';
import { createLoop, type Loop } from './worker/loop.ts';

/** The service without a port: `handler` answers requests, `start` runs the worker, `stop` says "not ready" first and ends all. */
export type App = { handler: Express; start(): Promise<void>; drain(): void; stop(): Promise<void> };
export type AppDeps = { config: Config; log: Logger; clock?: () => Date };

/** Connections of the worker: each loop holds one at most, and a look-up beside it. */
const workerPoolMax = 6;
const readyTimeoutMs = 1_000;

/** Wires the service, top to bottom. Does not listen; connects at the first query. */
export function createApp({ config, log, clock = () => new Date() }: AppDeps): App {
  const keys = createKeyStore({ keyOwnerUrl: config.keyOwnerUrl, log });
  const metrics = createMetrics({ keysAgeMs: keys.ageMsMax });
  const database = openDatabase({ url: config.databaseUrl, poolMax: config.requestPoolMax, name: 'notifications', log });
  const checkToken = createTokenChecker({ publicUrl: config.publicUrl, keys });
  const introspect = createIntrospection(config);
  const users = {
    store: createUserStore(database),
    owner: createUserOwner({ url: config.keyOwnerUrl, serviceToken: config.serviceToken }),
    log,
    count: (result: string) => metrics.readThrough.inc({ result }),
  };
  const projects = createProjectOwner({ url: config.keyOwnerUrl, serviceToken: config.serviceToken });
  const settings = createSettingsCache({ owner: projects, log });
  const routes = [
    ...preferenceRoutes({
      preferences: createPreferenceStore(database),
      findUser: (question) => findUser(users, question),
      settings,
      clock,
    }),
    ...mailRoutes({
      mails: createMailStore(database),
      projects,
      settings,
      unsubscribeKey: async (tenancyId) => keyOf(await settings(tenancyId, Infinity)),
      findUsers: (question) => findUsers(users, question),
      everyone: users.store.everyone,
      publicUrl: config.publicUrl,
      clock,
    }),
  ];
  const api = createWireRouter({
    routes,
    publicUrl: config.publicUrl,
    authPorts: (header) => ({
      checkToken,
      introspect,
      userExists: async (tenancyId, userId) => (await findUser(users, { tenancyId, userId, position: positionOf(header) })) !== undefined,
    }),
    onError: (error, request) => replyToError(error, request, { log, metrics }),
  });

  let isStopping = false;
  const isServing = async () => !isStopping && (await answersInTime(database));
  const handler = express();
  handler.disable('x-powered-by').disable('etag');
  handler.use(healthRoutes({ contentHash: config.contentHash, isServing, registry: metrics.registry }));
  if (config.environment === 'development') handler.use(failpointRoutes());
  handler.use('/api', measure(metrics), api);

  const worker = config.isWorkerOn ? createWorker({ config, log, clock, metrics }) : undefined;
  return {
    handler,
    start: async () => worker?.start(),
    drain: () => {
      isStopping = true;
    },
    stop: async () => {
      isStopping = true;
      await worker?.stop();
      await database.$disconnect();
    },
  };
}

/** The consumers and the senders, on connections of their own: a mail in transit holds one for its whole conversation. */
function createWorker({ config, log, clock, metrics }: Required<AppDeps> & { metrics: Metrics }): { start(): void; stop(): Promise<void> } {
  const poolMax = workerPoolMax + config.sendersMax;
  const database = openDatabase({ url: config.databaseUrl, poolMax, name: 'notifications-worker', log });
  const users = {
    store: createUserStore(database),
    owner: createUserOwner({ url: config.keyOwnerUrl, serviceToken: config.serviceToken }),
    log,
  };
  const inbox = {
    inbox: createInboxStore(database),
    count: (source: string, result: string) => metrics.inbox.inc({ source, result }),
    clock,
    log,
  };
  const sender = {
    mails: createMailStore(database),
    mailer: createMailer(config.smtpUrl),
    findRecipient: (tenancyId: string, userId: string) => findRecipient(users, { tenancyId, userId }),
    settings: createSettingsCache({ owner: createProjectOwner({ url: config.keyOwnerUrl, serviceToken: config.serviceToken }), log }),
    publicUrl: config.publicUrl,
    underWay: new Set<string>(),
    count: (outcome: string) => metrics.mails.inc({ outcome }),
    clock,
    log,
  };
  const loop = (name: string, step: () => Promise<boolean>): Loop =>
    createLoop({ name, step, onNotMine: () => metrics.workerNotMine.inc({ loop: name }), log });
  const loops = [
    loop('requests', () => consumeRequests(inbox)),
    loop('deletions', () => consumeDeletions(inbox)),
    ...Array.from({ length: config.sendersMax }, () => loop('sender', () => sendNext(sender))),
  ];
  return {
    start: () => {
      for (const each of loops) each.start();
    },
    stop: async () => {
      await Promise.all(loops.map((each) => each.stop()));
      await database.$disconnect();
    },
  };
}

/** A caller was let in to the project: it was there a moment ago. */
function keyOf(settings: MailSettings | undefined): Buffer {
  if (settings === undefined)
    throw new AppError('UNAVAILABLE', { message: 'the owner of projects does not know a project that it let a caller into' });
  return settings.unsubscribeKey;
}

/** What an error that the wire does not know becomes. Only what nobody expects is an ERROR. */
function replyToError(
  error: unknown,
  request: { method: string; path: string },
  { log, metrics }: { log: Logger; metrics: Metrics },
): WireReply {
  if (error instanceof AppError && (error.code === 'NOT_OWNER' || error.code === 'EPOCH_TOO_OLD')) {
    metrics.notExecuted.inc({ why: error.code });
    return { kind: 'text', status: 503, text: 'Try again.', headers: { [wire.notExecuted]: error.code } };
  }
  if (error instanceof AppError && (error.code === 'UNAVAILABLE' || error.code === 'OVERLOADED')) {
    log.warn({ ...request, error: errorText(error) }, 'request refused, a neighbour is silent');
    return { kind: 'text', status: 503, text: 'The service is temporarily unavailable. Please try again later.' };
  }
  // A zero byte or half a surrogate pair: JSON has them, PostgreSQL's text has not.
  if (['22021', '22P05'].includes(sqlStateOf(error) ?? ''))
    return { kind: 'text', status: 400, text: 'The request contains characters that cannot be stored.' };
  log.error({ ...request, sqlState: sqlStateOf(error), error: errorText(error) }, 'request failed');
  return { kind: 'text', status: 500, text: 'Something went wrong. Please try again later.' };
}

function measure(metrics: Metrics): express.RequestHandler {
  return (req, res, next) => {
    const stop = metrics.requests.startTimer({ method: req.method });
    res.once('close', () => stop({ class: `${Math.floor(res.statusCode / 100)}xx` }));
    next();
  };
}

async function answersInTime(database: Database): Promise<boolean> {
  const timeout = new Promise<false>((resolve) => setTimeout(() => resolve(false), readyTimeoutMs).unref());
  const answer = database.$queryRaw`select 1 as one`.then(
    () => true,
    () => false,
  );
  return Promise.race([answer, timeout]);
}
