import { handleApi } from '../../../../wire/handle.ts';

export const dynamic = 'force-dynamic';

// One handler for every method and path: the table of endpoints is src/routes.ts.
export {
  handleApi as DELETE,
  handleApi as GET,
  handleApi as HEAD,
  handleApi as OPTIONS,
  handleApi as PATCH,
  handleApi as POST,
  handleApi as PUT,
};
