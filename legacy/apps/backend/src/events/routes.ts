import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupArray, yupMixed, yupNumber, yupObject, yupString, yupValidate } from '@stackframe/stack-shared/dist/schema-fields';
import { ValidationError } from 'yup';
import { keyOf } from '../auth/own-user.ts';
import { bodyBytesMax } from '../wire/body.ts';
import { clientOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { schemaErrorText } from '../wire/validate.ts';
import { insertBatch } from './insert-batch.ts';

const eventsMax = 500;
const path = '/analytics/events/batch';
const inflate = promisify(gunzip);

const batch = yupObject({
  session_replay_segment_id: yupString().uuid().defined(),
  batch_id: yupString().uuid().defined(),
  sent_at_ms: yupNumber().integer().min(0).max(8.64e15).defined(),
  events: yupArray(
    yupObject({
      event_type: yupString().oneOf(['$page-view', '$click']).defined(),
      event_at_ms: yupNumber().integer().min(0).max(8.64e15).defined(),
      data: yupMixed<object>().defined(),
    }).defined(),
  )
    .min(1)
    .max(eventsMax)
    .defined(),
}).defined();

export const eventEndpoints = [
  endpoint({
    method: 'POST',
    path,
    access: clientOnly,
    body: yupMixed<object>().defined(),
    handle: async ({ auth, body }) => {
      if (auth.project.config.apps.installed['analytics']?.enabled === false) throw new KnownErrors.AnalyticsNotEnabled();
      const sender = { ...keyOf(auth), refreshTokenId: auth.refreshTokenId };
      const inserted = await insertBatch(sender, await readBatch(body));
      return json(200, { inserted });
    },
  }),
];

/** A batch as JSON, or as gzip of it: pages send `application/octet-stream`. Throws BODY_PARSING_ERROR, SCHEMA_ERROR. */
async function readBatch(body: object) {
  const value = body instanceof Uint8Array ? await unzip(body) : body;
  try {
    return await yupValidate(
      yupObject({ body: batch }).defined(),
      { body: value },
      {
        abortEarly: false,
        context: { noUnknownPathPrefixes: ['body'] },
        currentUserId: null,
      },
    ).then((checked) => checked.body);
  } catch (error) {
    if (error instanceof ValidationError) throw new KnownErrors.SchemaError(schemaErrorText('POST', `/api/v1${path}`, error.errors));
    throw error;
  }
}

/** At most as much as a body may have unpacked: a small zip of a lot of zeros is refused. */
async function unzip(bytes: Uint8Array): Promise<unknown> {
  try {
    return JSON.parse((await inflate(bytes, { maxOutputLength: bodyBytesMax })).toString('utf8'));
  } catch {
    throw new KnownErrors.BodyParsingError('Invalid gzip JSON in request body');
  }
}
