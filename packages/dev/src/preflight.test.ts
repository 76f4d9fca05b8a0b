import { expect, test } from 'vitest';
import { findChromium, type Machine, missingOn, preflightText } from '../preflight.mjs';

const ready: Machine = {
  platform: 'linux',
  node: '20.20.2',
  npm: '10.8.2',
  java: '17.0.15',
  maven: '3.8.7',
  chromium: '/usr/bin/chromium',
  installer: 'apt-get',
};

test('a machine with everything is ready', () => {
  expect(missingOn(ready)).toEqual([]);
  expect(missingOn({ ...ready, platform: 'darwin', node: '26.10.0', java: '25', installer: 'brew' })).toEqual([]);
});

test('missing Java is named with the command that gets it', () => {
  const text = preflightText(missingOn({ ...ready, java: undefined }));
  expect(text).toContain('Java ≥ 17');
  expect(text).toContain('not found');
  expect(text).toContain('sudo apt-get install -y openjdk-17-jre-headless');
  expect(text).toContain('Nothing was downloaded');
});

test('an old Java is named with its version, the one before 9 included', () => {
  expect(missingOn({ ...ready, java: '11.0.2' })).toMatchObject([{ what: 'Java ≥ 17', found: '11.0.2' }]);
  expect(missingOn({ ...ready, java: '1.8.0_292' })).toMatchObject([{ found: '1.8.0_292' }]);
});

test('everything that is missing is told at once, each with its command', () => {
  const missing = missingOn({ ...ready, node: '18.0.0', npm: undefined, java: undefined, maven: undefined, installer: 'brew' });
  expect(missing.map(({ what }) => what)).toEqual(['Node ≥ 20', 'npm', 'Java ≥ 17', 'Maven']);
  for (const { get } of missing) expect(get).toContain('brew install');
});

test('a machine without a known installer gets addresses instead of commands', () => {
  expect(missingOn({ ...ready, maven: undefined, installer: undefined })).toMatchObject([{ get: expect.stringContaining('https://') }]);
});

test('Maven is not asked for once the jars are there', () => {
  expect(missingOn({ ...ready, maven: undefined }, { needsMaven: false })).toEqual([]);
});

test('Chromium is asked for by tests that drive pages, with the command that gets it', () => {
  expect(missingOn({ ...ready, chromium: undefined })).toEqual([]);
  const text = preflightText(missingOn({ ...ready, chromium: undefined }, { needsChromium: true }));
  expect(text).toContain('Chromium');
  expect(text).toContain('apt-get install -y chromium');
});

test('ATLAS_CHROMIUM names the browser, before any on PATH', () => {
  expect(findChromium({ ATLAS_CHROMIUM: '/opt/chromium' })).toBe('/opt/chromium');
});
