-- Application roles have nothing on strangler but what stands here. Everything else is for the applier, the fencer and the gateways.
revoke all on schema strangler from public;
revoke all on all tables in schema strangler from public;
revoke all on all functions in schema strangler from public;

grant usage on schema strangler, public to legacy_app, notifications_app, cdc_applier, cdc_source, strangler_fencer, strangler_reader;
grant execute on function strangler.assert_epoch(text, text, bigint) to legacy_app, notifications_app;
grant execute on function strangler.applied(text) to notifications_app, strangler_reader, strangler_fencer, cdc_applier;
grant execute on function strangler.position() to strangler_reader, strangler_fencer, cdc_applier;
grant execute on function strangler.fence_of(text, text) to strangler_reader, strangler_fencer, cdc_applier;
grant execute on function strangler.set_owner(text, text, text, bigint, text[]), strangler.arm(text, text, bigint),
  strangler.mark(text, text, text, bigint) to strangler_fencer;
grant execute on function strangler.tick(text) to strangler_fencer, cdc_applier;
grant select on all tables in schema strangler to strangler_fencer;

grant execute on function strangler.locked_fence(text, text), strangler.lock_class(text), strangler.lock_key(text), strangler.origin_name(text) to cdc_applier;
grant select on all tables in schema strangler to cdc_applier;
grant insert, update, delete on strangler.apply_progress, strangler.marker_applied, strangler.row_version, strangler.parked, strangler.backfill,
  strangler.verified to cdc_applier;
grant insert on strangler.repair to cdc_applier;
grant delete on strangler.touched to cdc_applier;
grant execute on function pg_replication_origin_session_setup(text), pg_replication_origin_session_is_setup(),
  pg_replication_origin_session_reset(), pg_replication_origin_oid(text) to cdc_applier;

do $$
begin
  -- Rights of the whole server: granted once, so that two databases migrated at a time do not collide.
  if not has_parameter_privilege('cdc_applier', 'session_replication_role', 'set') then
    grant set on parameter session_replication_role to cdc_applier;
  end if;
  -- Gates read the age of other roles' transactions.
  if not pg_has_role('strangler_fencer', 'pg_read_all_stats', 'member') then
    grant pg_read_all_stats to strangler_fencer;
  end if;
end $$;
