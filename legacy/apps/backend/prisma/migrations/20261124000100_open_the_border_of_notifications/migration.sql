-- Sign-up asks for its mail, and deleting a user tells of it, instead of writing the tables of notifications directly (legacy/README.md, lines 1 to 3).

create table "MailRequest" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "kind" text not null,
  "payload" jsonb not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "MailRequest_pkey" primary key ("tenancyId", "id")
);
create index "MailRequest_createdAt_idx" on "MailRequest" ("createdAt");

create table "DomainEvent" (
  "tenancyId" uuid not null,
  "id" uuid not null,
  "type" text not null,
  "payload" jsonb not null,
  "createdAt" timestamptz(3) not null default current_timestamp,
  constraint "DomainEvent_pkey" primary key ("tenancyId", "id")
);
create index "DomainEvent_createdAt_idx" on "DomainEvent" ("createdAt");

create table "InboxDone" (
  "tenancyId" uuid not null,
  "source" text not null,
  "eventId" uuid not null,
  "doneAt" timestamptz(3) not null default current_timestamp,
  constraint "InboxDone_pkey" primary key ("tenancyId", "source", "eventId"),
  constraint "InboxDone_source_check" check ("source" in ('mail-request', 'domain-event'))
);

alter table "EmailOutbox" drop constraint "EmailOutbox_tenancyId_fkey";
alter table "UserNotificationPreference" drop constraint "UserNotificationPreference_tenancyId_projectUserId_fkey";
