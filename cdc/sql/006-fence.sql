-- The fence of the whole slice, as it is before anything has moved.
insert into strangler.fence (slice, tenant, owner, epoch) values ({{slice}}, '*', {{owner}}, 1) on conflict do nothing;
