-- The strangler schema of one data database. Every statement may run again: `cdc migrate` is idempotent.
-- {{side}} is 'legacy' or 'extracted'. Objects belong to the superuser; roles get what 004-grants.sql says and nothing else.
create schema if not exists strangler;

create table if not exists strangler.setting (
  single boolean primary key default true check (single),
  side text not null check (side in ('legacy', 'extracted')),
  -- Stands for a value that an event did not carry; random, so that no tenant can store it (32 random bytes, made at installation).
  placeholder text not null
);
insert into strangler.setting (side, placeholder) values ({{side}}, {{placeholder}}) on conflict do nothing;

-- Who may write a unit here: 'here' or 'none'. Changed by strangler.set_owner only.
create table if not exists strangler.fence (
  slice text not null,
  tenant text not null,
  owner text not null check (owner in ('here', 'none')),
  epoch bigint not null check (epoch > 0),
  primary key (slice, tenant)
);

-- Source of a flow. Positions travel as text: pg_lsn and xid8 do not arrive. Row filters need `flow` in the primary key.
create table if not exists strangler.marker (
  flow text not null,
  id bigint generated always as identity,
  slice text not null,
  tenant text not null,
  epoch bigint not null,
  at timestamptz not null default clock_timestamp(),
  primary key (flow, id)
);
create table if not exists strangler.watermark (
  flow text primary key,
  seq bigint not null,
  position text not null,
  at timestamptz not null
);
create table if not exists strangler.repair (
  flow text not null,
  id bigint generated always as identity,
  slice text not null,
  tenant text not null,
  epoch bigint not null,
  table_name text not null,
  -- JSON array of the key's values as text, in the mapping's order; also in touched, row_version and parked.
  pk text not null,
  primary key (flow, id)
);

-- Native writes since the last clean verify. Append-only, no key: a unique key brought serialization failures to writers and forgot a change.
create table if not exists strangler.touched (
  xid xid8 not null default pg_current_xact_id(),
  slice text not null,
  tenant text not null,
  table_name text not null,
  pk text not null
);

-- Target of a flow.
create table if not exists strangler.apply_progress (
  flow text primary key,
  incarnation integer not null default 1,
  -- The next offset to apply; everything below it has had its effect.
  next_offset bigint not null default 0,
  topic_id text,
  term bigint not null default 0,
  holder text,
  backend_pid integer,
  backend_start timestamptz,
  commit_lsn bigint,
  event_lsn bigint,
  applied_lsn text,
  watermark_seq bigint,
  watermark_at timestamptz,
  tick_gaps bigint not null default 0,
  applied bigint not null default 0,
  skipped bigint not null default 0,
  dropped_snapshot_rows bigint not null default 0,
  foreign_events bigint not null default 0,
  stopped_code text,
  stopped_message text,
  -- Since when a restart check is due; null when none is.
  restarted_at timestamptz
);
create table if not exists strangler.marker_applied (
  flow text not null,
  slice text not null,
  tenant text not null,
  epoch bigint not null,
  clean boolean not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (flow, slice, tenant, epoch)
);
-- The position at which each replicated row stands; a sidecar, so that the apps' schemas stay clean. Keeps tombstones.
create table if not exists strangler.row_version (
  table_name text not null,
  pk text not null,
  incarnation integer not null,
  commit_lsn bigint not null,
  event_lsn bigint not null,
  ord bigint not null,
  deleted boolean not null,
  tenant text not null,
  -- For diagnosis; never a reason to skip.
  hash text,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (table_name, pk)
);
create index if not exists row_version_recent on strangler.row_version using brin (applied_at);
create table if not exists strangler.parked (
  flow text not null,
  tenant text not null,
  seq bigint generated always as identity,
  slice text not null,
  table_name text not null,
  pk text not null,
  -- The record as it was read: {offset, topic, value}.
  event text not null,
  error text not null,
  parked_at timestamptz not null default clock_timestamp(),
  primary key (flow, tenant, seq)
);
create table if not exists strangler.backfill (
  flow text not null,
  id text not null,
  slice text not null,
  tenant text not null,
  epoch bigint not null,
  state text not null check (state in ('open', 'done')),
  rows bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  done_at timestamptz,
  primary key (flow, id)
);

-- When the last clean verify of a unit began, kept at the target: later changes of row_version are not covered by it.
create table if not exists strangler.verified (
  flow text not null,
  slice text not null,
  tenant text not null,
  started_at timestamptz not null,
  primary key (flow, slice, tenant)
);

-- Advisory locks of a slice: class = the slice, key = -1 for '*', else one of 1,024 classes (a lock a tenant would exhaust the lock table).
create or replace function strangler.lock_class(p_slice text) returns integer
language sql immutable strict parallel safe
as $$ select hashtext('strangler/' || p_slice) $$;

create or replace function strangler.lock_key(p_tenant text) returns integer
language sql immutable strict parallel safe
as $$ select case when p_tenant = '*' then -1 else hashtext(p_tenant) & 1023 end $$;

-- The fence of a tenant under the guard's shared locks, which are held to the end of the transaction: until then it cannot change.
-- The row is read in a statement of its own, after the locks: a plain select under READ COMMITTED, else `for share`, so that a
-- snapshot older than the fence fails with 40001. (A plain select leaks there; `for share` everywhere starves the fencer.)
create or replace function strangler.locked_fence(p_slice text, p_tenant text, out owner text, out epoch bigint)
language plpgsql volatile
as $$
begin
  perform pg_advisory_xact_lock_shared(strangler.lock_class(p_slice), -1);
  perform pg_advisory_xact_lock_shared(strangler.lock_class(p_slice), strangler.lock_key(p_tenant));
  if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
    select f.owner, f.epoch into owner, epoch from strangler.fence f
    where f.slice = p_slice and f.tenant in (p_tenant, '*') order by (f.tenant = '*') limit 1;
  else
    select f.owner, f.epoch into owner, epoch from strangler.fence f
    where f.slice = p_slice and f.tenant in (p_tenant, '*') order by (f.tenant = '*') limit 1 for share;
  end if;
end $$;

-- Raises SF001 unless this side owns the tenant's unit. No fence row: refuse.
create or replace function strangler.guard(p_slice text, p_tenant text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner text;
begin
  v_owner := (strangler.locked_fence(p_slice, p_tenant)).owner;
  if v_owner is distinct from 'here' then
    raise exception 'slice % of tenant % is not owned by this database', p_slice, p_tenant
      using errcode = 'SF001', hint = 'Nothing was written. Its owner is the other side, or it is moving: try there.';
  end if;
end $$;

create or replace function strangler.refuse_truncate() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'TRUNCATE of %.% is refused: it belongs to a slice under migration', tg_table_schema, tg_table_name
    using errcode = 'SF001', hint = 'Delete the rows instead.';
end $$;

create or replace function strangler.guard_repair() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform strangler.guard(new.slice, new.tenant);
  return new;
end $$;
create or replace trigger zzz_strangler_guard before insert or update on strangler.repair
for each row execute function strangler.guard_repair();

-- The most specific fence of a tenant, without locks: for people and gates, not for deciding a write.
create or replace function strangler.fence_of(p_slice text, p_tenant text) returns table (owner text, epoch bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select f.owner, f.epoch from strangler.fence f
  where f.slice = p_slice and f.tenant in (p_tenant, '*') order by (f.tenant = '*') limit 1
$$;

-- First statement of a service's write transaction when the request carries an epoch: stops a write that comes back after two flips.
create or replace function strangler.assert_epoch(p_slice text, p_tenant text, p_epoch bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch bigint;
begin
  v_epoch := (strangler.locked_fence(p_slice, p_tenant)).epoch;
  if v_epoch is null or p_epoch < v_epoch then
    raise exception 'epoch % of slice % is older than %', p_epoch, p_slice, coalesce(v_epoch::text, 'none')
      using errcode = 'SF002', hint = 'Nothing was written. Read the ledger again.';
  end if;
end $$;

-- The exclusive lock of one key, asked for in slices until 1.2 s: whoever queues behind the fencer gets through in between. The slices
-- grow from 100 to 400 ms: a mail is one transaction of up to some hundred ms, and where several are always under way a slice shorter than
-- they are never finds all of them ended (seen: 1,019 ms with slices of 100 ms only).
create or replace function strangler.lock_exclusively(p_slice text, p_tenant text) returns void
language plpgsql volatile set lock_timeout = '100ms'
as $$
declare
  v_deadline timestamptz := clock_timestamp() + interval '1200 milliseconds';
  v_slice_ms integer := 100;
begin
  loop
    begin
      perform set_config('lock_timeout', v_slice_ms || 'ms', true);
      perform pg_advisory_xact_lock(strangler.lock_class(p_slice), strangler.lock_key(p_tenant));
      return;
    exception when lock_not_available or deadlock_detected then
      if clock_timestamp() >= v_deadline then
        raise exception 'a writer of slice % held its unit for more than 1.2 s', p_slice using errcode = '55P03';
      end if;
      v_slice_ms := least(v_slice_ms * 2, 400, greatest(1, (extract(epoch from v_deadline - clock_timestamp()) * 1000)::integer));
    end;
  end loop;
end $$;

-- Changes who may write a unit here. Refuses (SF003) an epoch not greater than the stored one. For '*', `p_tenants` is the ledger's
-- list of tenants with rows of their own; every other tenant row goes in the same transaction.
create or replace function strangler.set_owner(p_slice text, p_tenant text, p_owner text, p_epoch bigint, p_tenants text[] default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_epoch bigint;
begin
  perform strangler.lock_exclusively(p_slice, p_tenant);
  select f.epoch into v_epoch from strangler.fence f where f.slice = p_slice and f.tenant = p_tenant for update;
  if not found then
    raise exception 'slice % has no fence for tenant %', p_slice, p_tenant
      using errcode = 'SF003', hint = 'Run `cdc migrate --slice` (for *) or strangler.arm (for a tenant) first.';
  end if;
  if p_epoch <= v_epoch then
    raise exception 'epoch % of slice %, tenant % is not greater than %', p_epoch, p_slice, p_tenant, v_epoch
      using errcode = 'SF003', hint = 'Another orchestrator has moved this unit since.';
  end if;
  update strangler.fence set owner = p_owner, epoch = p_epoch where slice = p_slice and tenant = p_tenant;
  if p_tenant = '*' and p_tenants is not null then
    delete from strangler.fence where slice = p_slice and tenant <> '*' and tenant <> all (p_tenants);
  end if;
end $$;

-- Gives a tenant a fence row of its own, equal to that of '*'. Touches the row of '*' as well: a writer with an older snapshot then
-- gets 40001 at the guard.
create or replace function strangler.arm(p_slice text, p_tenant text, p_expected_epoch bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_fence strangler.fence;
begin
  perform strangler.lock_exclusively(p_slice, '*');
  update strangler.fence set epoch = epoch where slice = p_slice and tenant = '*' returning * into v_fence;
  if v_fence.epoch is distinct from p_expected_epoch then
    raise exception 'epoch of slice % is %, not %', p_slice, v_fence.epoch, p_expected_epoch using errcode = 'SF003';
  end if;
  insert into strangler.fence (slice, tenant, owner, epoch) values (p_slice, p_tenant, v_fence.owner, v_fence.epoch)
  on conflict (slice, tenant) do nothing;
end $$;

create or replace function strangler.assert_source(p_flow text) returns void
language plpgsql stable
as $$
begin
  if (select case s.side when 'legacy' then 'f.' else 'r.' end from strangler.setting s) <> left(p_flow, 2) then
    raise exception 'flow % does not start at this database', p_flow using errcode = '22023';
  end if;
end $$;

-- Writes a marker into the flow. Call it in the transaction of set_owner; all that was committed before is applied once it is.
create or replace function strangler.mark(p_flow text, p_slice text, p_tenant text, p_epoch bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id bigint;
begin
  perform strangler.assert_source(p_flow);
  insert into strangler.marker (flow, slice, tenant, epoch) values (p_flow, p_slice, p_tenant, p_epoch) returning id into v_id;
  return v_id;
end $$;

-- One tick. The position is read before the tick commits: all that was committed below it comes before the tick in the stream.
create or replace function strangler.tick(p_flow text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform strangler.assert_source(p_flow);
  insert into strangler.watermark as w (flow, seq, position, at) values (p_flow, 1, pg_current_wal_insert_lsn()::text, clock_timestamp())
  on conflict (flow) do update set seq = w.seq + 1, position = pg_current_wal_insert_lsn()::text, at = clock_timestamp();
end $$;

-- Where this database's log stands; a write that has returned lies below it.
create or replace function strangler.position() returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select pg_current_wal_insert_lsn()::text $$;

-- What a flow has applied here. A write noted at source position P is visible when applied_lsn >= P. `blocked` counts parked tenants.
create or replace function strangler.applied(p_flow text) returns table (incarnation integer, applied_lsn text, blocked integer, watermark_at timestamptz)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select p.incarnation, p.applied_lsn, (select count(distinct k.tenant)::integer from strangler.parked k where k.flow = p.flow), p.watermark_at
  from strangler.apply_progress p where p.flow = p_flow
$$;

-- The applier's replication origin. Origins belong to the whole server, so the name carries the database.
create or replace function strangler.origin_name(p_flow text) returns text
language sql stable
as $$ select p_flow || '@' || current_database() $$;
