import { handleService } from '../../../service/service-api.ts';

export const dynamic = 'force-dynamic';

export { handleService as GET, handleService as POST };
