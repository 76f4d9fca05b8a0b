-- One table of a slice: guard, TRUNCATE refusal, and the record of native writes. Triggers are origin triggers: the applier
-- (session_replication_role = replica) passes them. zzz: the guard sorts last and sees the row as it will be stored.
create or replace function {{guard_function}}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    perform strangler.guard({{slice}}, old.{{tenant}}::text);
    return old;
  end if;
  perform strangler.guard({{slice}}, new.{{tenant}}::text);
  if tg_op = 'UPDATE' and new.{{tenant}} is distinct from old.{{tenant}} then
    perform strangler.guard({{slice}}, old.{{tenant}}::text);
  end if;
  return new;
end $$;
create or replace trigger zzz_strangler_guard before insert or update or delete on {{table}}
for each row execute function {{guard_function}}();
create or replace trigger zzz_strangler_truncate before truncate on {{table}}
for each statement execute function strangler.refuse_truncate();

create or replace function {{touched_function}}() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op <> 'INSERT' then
    insert into strangler.touched (slice, tenant, table_name, pk)
    select {{slice}}, r.{{tenant}}::text, {{table_name}}, jsonb_build_array({{pk_columns}})::text from before_rows r;
  end if;
  if tg_op <> 'DELETE' then
    insert into strangler.touched (slice, tenant, table_name, pk)
    select {{slice}}, r.{{tenant}}::text, {{table_name}}, jsonb_build_array({{pk_columns}})::text from after_rows r;
  end if;
  return null;
end $$;
create or replace trigger zzz_strangler_touched_insert after insert on {{table}}
referencing new table as after_rows for each statement execute function {{touched_function}}();
create or replace trigger zzz_strangler_touched_update after update on {{table}}
referencing old table as before_rows new table as after_rows for each statement execute function {{touched_function}}();
create or replace trigger zzz_strangler_touched_delete after delete on {{table}}
referencing old table as before_rows for each statement execute function {{touched_function}}();
