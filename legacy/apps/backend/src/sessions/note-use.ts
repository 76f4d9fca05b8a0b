import type { RequestHeaders } from '../auth/request-headers.ts';
import { database } from '../database.ts';
import type { EventType } from '../events/event-type.ts';

/** Where a request came from. The gateway sets it fresh and drops what clients claim. */
export type EndUserIp = { ip: string; is_spoofable: boolean };

export function endUserIpOf(headers: Pick<RequestHeaders, 'endUserIp'>): EndUserIp | null {
  return headers.endUserIp === null ? null : { ip: headers.endUserIp, is_spoofable: false };
}

/** A session that was used just now. */
export type SessionUse = {
  tenancyId: string;
  sessionId: string;
  userId: string;
  /** What the events tell: ids only. */
  data: { projectId: string; branchId: string; userId: string; refreshTokenId: string; isAnonymous: boolean };
  from: EndUserIp | null;
};

/** The two events of a refresh, each with the types it also counts as. */
const refreshed: EventType[] = ['$token-refresh'];
const active: EventType[] = ['$session-activity', '$user-activity', '$project-activity', '$project'];

/**
 * Notes that a session was used and tells the events of it, in one statement: this is every client's most frequent write. The user's own mark
 * moves once a minute, so that a busy session does not rewrite the user each time. False when the session is gone: a revocation that
 * commits first wins over a refresh that had already read the session.
 */
export async function noteUse({ tenancyId, sessionId, userId, data, from }: SessionUse): Promise<boolean> {
  const ip = from === null ? null : JSON.stringify(from);
  const told = JSON.stringify(data);
  const rows = await database().$queryRaw<{ used: number }[]>`
    with used as (
      update "ProjectUserRefreshToken"
      set "lastActiveAt" = now(), "lastActiveAtIpInfo" = coalesce(${ip}::jsonb, "lastActiveAtIpInfo")
      where "tenancyId" = ${tenancyId}::uuid and "id" = ${sessionId}::uuid
      returning "tenancyId"
    ), marked as (
      update "ProjectUser" set "lastActiveAt" = now()
      where "tenancyId" = (select "tenancyId" from used) and "projectUserId" = ${userId}::uuid and "lastActiveAt" < now() - interval '1 minute'
      returning 1
    ), told as (
      insert into "Event" ("tenancyId", "id", "systemEventTypeIds", "data", "eventStartedAt", "eventEndedAt", "endUserIpInfo")
      select "tenancyId", gen_random_uuid(), types, ${told}::jsonb, now(), now(), ${ip}::jsonb
      from used, (values (${refreshed}::text[]), (${active}::text[])) as kinds (types)
      returning 1
    )
    select count(*)::int as used from used`;
  return (rows[0]?.used ?? 0) > 0;
}
