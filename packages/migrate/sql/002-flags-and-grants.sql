-- What the operator's flags last asked for, so that a wish counts once: an intent is made only when it changes (seq then grows).
create table migrate.flag_seen (
  slice text primary key,
  phase text,
  split numeric,
  seq bigint not null,
  seen_at timestamptz not null default now()
);

-- A gateway reads what it obeys, keeps its own lease, deregisters when it stops, and records evidence. Nothing else.
do $$
begin
  if exists (select from pg_roles where rolname = 'gateway') then
    grant usage on schema migrate to gateway;
    grant select on migrate.ledger, migrate.unit, migrate.plan, migrate.tenant, migrate.evidence to gateway;
    grant select, insert, update, delete on migrate.gateway_lease to gateway;
    grant insert on migrate.evidence to gateway;
  end if;
end $$;
