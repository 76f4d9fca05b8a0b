import { KnownError, KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { isBusy, isProjectGone, sqlState } from '../database.ts';
import { errorFacts, log } from '../log.ts';
import { json, type Reply, text } from './reply.ts';

type FailedRequest = { method: string; pathname: string; projectId: string | null; writesNotifications: boolean };

/** What a thrown thing becomes for the client. Only what nobody expected is logged. */
export function replyToError(error: unknown, request: FailedRequest): Reply {
  if (KnownError.isKnownError(error)) return replyToKnownError(error);
  if (isProjectGone(error) && request.projectId !== null)
    return replyToKnownError(new KnownErrors.CurrentProjectNotFound(request.projectId));
  if (StatusError.isStatusError(error)) return text(error.statusCode, error.message);
  const state = sqlState(error);
  if (request.writesNotifications && isNotOwner(state)) return text(503, 'Try again.', { 'x-gw-not-executed': 'NOT_OWNER' });
  if (isUnstorable(state)) return text(400, 'The request contains characters that cannot be stored.');
  if (isBusy(error)) return busy(request);
  log('error', 'request failed', { method: request.method, path: request.pathname, sqlState: state, ...errorFacts(error) });
  return text(500, 'Something went wrong. Please try again later.');
}

function replyToKnownError(error: KnownError): Reply {
  return json(error.statusCode, error.toDescriptiveJson(), { 'x-stack-known-error': error.errorCode });
}

// Migration, legacy/README.md line 5: the database refused a write of notifications that another process owns now; nothing was committed.
function isNotOwner(state: string | undefined): boolean {
  return state === 'SF001' || state === '40001';
}

/** Published clients ask again after 429, never after a 5xx. */
function busy(request: { method: string; pathname: string }): Reply {
  log('warn', 'no transaction could be started in time', { method: request.method, path: request.pathname });
  return text(429, 'The server is busy. Please try again.', { 'retry-after': '1' });
}

// A zero byte or half a surrogate pair: JSON has them, PostgreSQL's text has not.
function isUnstorable(state: string | undefined): boolean {
  return state === '22021' || state === '22P05';
}
