import { config } from '../../config.ts';
import { database } from '../../database.ts';
import { errorFacts, log } from '../../log.ts';

export const dynamic = 'force-dynamic';

/** 200 when requests can be served. */
export async function GET(): Promise<Response> {
  try {
    await database().$queryRaw`select 1`;
    return Response.json({ ready: true, content: config().contentHash });
  } catch (error) {
    log('warn', 'not ready', errorFacts(error));
    return Response.json({ ready: false }, { status: 503 });
  }
}
