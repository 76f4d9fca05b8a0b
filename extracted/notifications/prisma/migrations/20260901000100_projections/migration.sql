-- Read-only copies of the neighbours' facts, filled by the flow from the legacy. `deleted_at` keeps the row of something deleted.
create table ref_user (
  tenancy_id uuid not null,
  project_user_id uuid not null,
  display_name text,
  is_anonymous boolean not null default false,
  restricted_by_admin boolean not null default false,
  signed_up_at timestamptz(3),
  deleted_at timestamptz(3),
  constraint ref_user_pkey primary key (tenancy_id, project_user_id)
);

create table ref_contact_channel (
  tenancy_id uuid not null,
  project_user_id uuid not null,
  id uuid not null,
  type text not null,
  value text not null,
  is_primary boolean,
  is_verified boolean not null default false,
  used_for_auth boolean,
  deleted_at timestamptz(3),
  constraint ref_contact_channel_pkey primary key (tenancy_id, project_user_id, id)
);

create table ref_tenancy (
  id uuid not null,
  project_id text not null,
  branch_id text not null,
  deleted_at timestamptz(3),
  constraint ref_tenancy_pkey primary key (id)
);

create table ref_project (
  id text not null,
  display_name text not null default '',
  deleted_at timestamptz(3),
  constraint ref_project_pkey primary key (id)
);

create table ref_mail_request (
  tenancy_id uuid not null,
  id uuid not null,
  kind text not null,
  payload jsonb not null,
  created_at timestamptz(3) not null,
  constraint ref_mail_request_pkey primary key (tenancy_id, id)
);
create index ref_mail_request_oldest_first on ref_mail_request (created_at, id);

create table ref_domain_event (
  tenancy_id uuid not null,
  id uuid not null,
  type text not null,
  payload jsonb not null,
  created_at timestamptz(3) not null,
  constraint ref_domain_event_pkey primary key (tenancy_id, id)
);
create index ref_domain_event_oldest_first on ref_domain_event (created_at, id);
