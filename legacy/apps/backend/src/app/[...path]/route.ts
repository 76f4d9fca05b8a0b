import { notFound } from '../../wire/handle.ts';
import { respond } from '../../wire/respond.ts';

export const dynamic = 'force-dynamic';

async function unknownPath(request: Request): Promise<Response> {
  return respond(notFound(new URL(request.url)), { overrideErrorStatus: false });
}

export { unknownPath as DELETE, unknownPath as GET, unknownPath as HEAD, unknownPath as PATCH, unknownPath as POST, unknownPath as PUT };
