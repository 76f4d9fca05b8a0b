import { expect, test } from 'vitest';
import { flowsOf } from '../flows.ts';
import { notifications } from '../slices/notifications.ts';
import { connectorConfig } from './connector.ts';

const [f, r] = flowsOf(notifications);
const source = { databaseUrl: 'postgres://x:y@127.0.0.1:5432/legacy', password: 'secret', placeholder: '__unavailable_1' };

test('each flow and incarnation has a slot, a topic and a signal table of its own', async () => {
  const config = await connectorConfig(f, 3, source);
  expect(config).toMatchObject({
    'slot.name': 'f_notifications_3',
    'topic.prefix': 'f_notifications_3',
    'transforms.topic.replacement': 'f.notifications.3',
    'publication.name': 'f_notifications',
    'signal.data.collection': 'strangler.signal_f_notifications',
    'database.dbname': 'legacy',
    'slot.stream.params': 'origin=none',
    'exactly.once.support': 'required',
  });
  expect(JSON.stringify(config)).not.toContain('{{');
});

test('of a neighbour only mapped columns leave the database; of the slice all do', async () => {
  const config = await connectorConfig(f, 1, source);
  const isExcluded = (column: string) =>
    (config['column.exclude.list'] ?? '').split(',').some((pattern) => new RegExp(`^${pattern}$`).test(column));
  expect(isExcluded('public.ProjectUser.totpSecret')).toBe(true);
  expect(isExcluded('public.ProjectUser.displayNameOfTomorrow')).toBe(true);
  expect(isExcluded('public.ProjectUser.displayName')).toBe(false);
  expect(isExcluded('public.EmailOutbox.anything')).toBe(false);
});

test('the way back carries the slice alone', async () => {
  const config = await connectorConfig(r, 1, source);
  expect(config['table.include.list']).toContain('public\\.mail_outbox');
  expect(config['table.include.list']).not.toContain('ref_');
  expect(config['column.exclude.list']).toBeUndefined();
});
