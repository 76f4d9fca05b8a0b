-- The slice's own tables. No foreign key leads to a projection: projections arrive late, and out of the slice's transactions.
-- Every check accepts what the legacy's twin of the table accepts, or a replicated row would stop the flow.
create table mail_outbox (
  tenancy_id uuid not null,
  id uuid not null,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  recipient jsonb not null,
  source text not null,
  theme_id text,
  variables jsonb not null default '{}',
  created_with text not null default 'programmatic-call',
  template_id text,
  subject text,
  html text,
  text text,
  is_transactional boolean not null,
  is_high_priority boolean not null,
  notification_category_id uuid,
  scheduled_at timestamptz(3) not null,
  is_paused boolean not null default false,
  cancelled_at timestamptz(3),
  rendered_at timestamptz(3),
  started_sending_at timestamptz(3),
  finished_sending_at timestamptz(3),
  send_retries integer not null default 0,
  next_send_retry_at timestamptz(3),
  send_errors jsonb,
  skipped_reason text,
  skipped_details jsonb,
  outcome text,
  constraint mail_outbox_pkey primary key (tenancy_id, id),
  -- A larger row would exceed the stream's record size and stop the flow.
  constraint mail_outbox_text_bytes_max check (octet_length(source) + coalesce(octet_length(html), 0) + coalesce(octet_length(text), 0) <= 1048576)
);
create index mail_outbox_newest_first on mail_outbox (tenancy_id, created_at desc, id desc);
-- What the sender looks for. Prisma cannot say partial indexes, so schema.prisma does not show it.
create index mail_outbox_unsent on mail_outbox (scheduled_at, id) where finished_sending_at is null and cancelled_at is null;

create table notification_preference (
  tenancy_id uuid not null,
  project_user_id uuid not null,
  notification_category_id uuid not null,
  enabled boolean not null,
  updated_at timestamptz(3) not null,
  constraint notification_preference_pkey primary key (tenancy_id, project_user_id, notification_category_id)
);

create table inbox_done (
  tenancy_id uuid not null,
  source text not null,
  event_id uuid not null,
  done_at timestamptz(3) not null,
  constraint inbox_done_pkey primary key (tenancy_id, source, event_id)
);
