-- What makes this database the source of {{flow}}: its signal table (one a flow: a shared one would start snapshots in every flow) and
-- its publication. Row filters name primary-key columns only; no column lists (the snapshot's select ignores them).
create table if not exists {{signal_table}} (
  id text primary key,
  type text not null,
  data text
);

do $$
declare
  v_table regclass;
begin
  -- A full before-image: without it a TOASTed value or a delete's tenant would be missing from the event.
  foreach v_table in array array[{{published_tables_literal}}]::regclass[] loop
    if (select c.relreplident from pg_class c where c.oid = v_table) <> 'f' then
      execute format('alter table %s replica identity full', v_table);
    end if;
  end loop;
  if not exists (select from pg_publication where pubname = {{publication_literal}}) then
    create publication {{publication}} with (publish = 'insert, update, delete, truncate');
  end if;
end $$;
alter publication {{publication}} set (publish = 'insert, update, delete, truncate');
alter publication {{publication}} set table {{published_tables}},
  strangler.marker where (flow = {{flow}}),
  strangler.watermark where (flow = {{flow}}),
  strangler.repair where (flow = {{flow}}),
  {{signal_table}};

grant select on {{published_tables}}, strangler.marker, strangler.watermark, strangler.repair to cdc_source;
grant select, insert on {{signal_table}} to cdc_source, cdc_applier;
grant select on {{published_tables}} to cdc_applier;
