-- What makes this database the target of {{flow}}: its progress row, the applier's rights on the tables it writes, its origin.
insert into strangler.apply_progress (flow) values ({{flow}}) on conflict do nothing;
grant select, insert, update, delete on {{target_tables}} to cdc_applier;
do $$
begin
  if not exists (select from pg_replication_origin where roname = strangler.origin_name({{flow}})) then
    perform pg_replication_origin_create(strangler.origin_name({{flow}}));
  end if;
end $$;
