import { database } from '../../database.ts';
import { errorFacts, log } from '../../log.ts';

export const dynamic = 'force-dynamic';

/** 200 when the database answers. */
export async function GET(): Promise<Response> {
  try {
    await database().$queryRaw`select 1`;
    return Response.json({ status: 'ok' });
  } catch (error) {
    log('warn', 'not healthy', errorFacts(error));
    return Response.json({ status: 'error' }, { status: 503 });
  }
}
