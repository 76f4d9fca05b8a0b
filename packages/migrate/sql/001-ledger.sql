-- The control plane's own schema. Gateways obey `unit` and `plan`; every change of what they obey raises `ledger.revision`
-- in the same transaction (the row lock keeps revisions in commit order).
create schema if not exists migrate;

create table migrate.ledger (
  singleton boolean primary key default true check (singleton),
  revision bigint not null
);
insert into migrate.ledger (revision) values (1);

create table migrate.unit (
  slice text not null,
  tenant text not null,
  phase text not null check (phase in ('legacy', 'replicating', 'shadow', 'canary', 'extracted', 'retired')),
  owner text not null check (owner in ('legacy', 'extracted')),
  reads text not null check (reads in ('legacy', 'extracted')),
  epoch bigint not null check (epoch > 0),
  move text check (move in ('holding', 'committed', 'aborting')),
  split_basis_points integer not null default 0 check (split_basis_points between 0 and 10000),
  version bigint not null default 1,
  primary key (slice, tenant)
);

create table migrate.plan (
  revision bigint primary key,
  hash text not null,
  document jsonb not null,
  published_at timestamptz not null default now()
);

create table migrate.intent (
  id bigint generated always as identity primary key,
  slice text not null,
  tenant text not null,
  want text not null,
  split integer,
  source text not null,
  flag_revision text,
  state text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'withdrawn', 'failed')),
  reason text,
  detail jsonb not null default '{}',
  at timestamptz not null default now(),
  changed_at timestamptz not null default now()
);
create unique index intent_flag_once on migrate.intent (slice, tenant, flag_revision) where flag_revision is not null;

create table migrate.journal (
  seq bigint primary key,
  at timestamptz not null default now(),
  slice text not null,
  tenant text not null,
  kind text not null,
  payload jsonb not null,
  prev_hash text not null,
  hash text not null
);

create table migrate.evidence (
  id bigint generated always as identity primary key,
  kind text not null,
  subject text not null,
  value jsonb not null,
  verdict text not null check (verdict in ('pass', 'fail', 'unknown')),
  position text,
  taken_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index evidence_latest on migrate.evidence (subject, kind, taken_at desc);

create table migrate.gateway_lease (
  id text primary key,
  boot_id uuid not null,
  url text not null,
  lease_until timestamptz not null,
  seen_revision bigint not null,
  drained_revision bigint not null,
  registered_at timestamptz not null default now()
);

create table migrate.tenant (
  tenancy_id text primary key,
  project_id text not null,
  branch_id text not null
);
