import { expect, test } from 'vitest';
import { isInternalAddress, targetMistake } from './target.ts';

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['172.32.0.1', false],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['8.8.8.8', false],
  ['::1', true],
  ['::ffff:10.0.0.1', true],
  ['::ffff:8.8.8.8', false],
  ['::ffff:7f00:1', true],
  ['::7f00:1', true],
  ['2002:7f00:1::', true],
  ['fd00::1', true],
  ['2606:4700::1', false],
  ['not an address', true],
])('%s is internal: %s', (address, expected) => {
  expect(isInternalAddress(address)).toBe(expected);
});

test.each([
  ['https://example.com/hook', null, null],
  ['http://example.com/hook', 'https://', null],
  ['http://127.0.0.1:9000/hook', 'https://', null],
  ['https://127.0.0.1/hook', 'internal', null],
  ['https://[::1]/hook', 'internal', null],
  ['https://[::ffff:127.0.0.1]/hook', 'internal', null],
  ['https://0x7f000001/hook', 'internal', null],
  ['https://2130706433/hook', 'internal', null],
  ['https://sub.localhost/hook', 'internal', null],
  ['https://user:secret@example.com/', 'password', 'password'],
  ['ftp://example.com/', 'https://', 'https://'],
  ['nonsense', 'valid URL', 'valid URL'],
])('%s as an endpoint: production says %s, development %s', (url, production, development) => {
  const said = (isDevelopment: boolean) => targetMistake(url, isDevelopment);
  if (production === null) expect(said(false)).toBeNull();
  else expect(said(false)).toContain(production);
  if (development === null) expect(said(true)).toBeNull();
  else expect(said(true)).toContain(development);
});
