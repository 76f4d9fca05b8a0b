-- When a user is deleted, the mail worker cancels what has not left yet.
create index "EmailOutbox_open_by_user_idx" on "EmailOutbox" ("tenancyId", ("recipient" ->> 'user_id'))
  where "outcome" is null and "cancelledAt" is null;
