import { expect, test } from 'vitest';
import { parseStackCommand } from './stack-command.ts';

test('the words of a person become a command', () => {
  expect(parseStackCommand(['up', '--only', 'postgres,kafka', '--json', '--prefix', '91'])).toEqual({
    verb: 'up',
    only: ['postgres', 'kafka'],
    prefix: 91,
    json: true,
    follow: false,
  });
  expect(parseStackCommand(['logs', 'gateway', '--follow'])).toMatchObject({ verb: 'logs', part: 'gateway', follow: true });
});

test('what is not understood is said and nothing is done', () => {
  expect(parseStackCommand([])).toEqual({ mistake: 'say what to do' });
  expect(parseStackCommand(['start'])).toEqual({ mistake: 'unknown command "start"' });
  expect(parseStackCommand(['logs'])).toEqual({ mistake: 'say which part' });
  expect(parseStackCommand(['down', 'gateway'])).toEqual({ mistake: 'too many words after "down"' });
  expect(parseStackCommand(['up', '--prefix', 'x'])).toMatchObject({ mistake: expect.stringContaining('--prefix') });
  expect(parseStackCommand(['up', '--force'])).toMatchObject({ mistake: expect.stringContaining('--force') });
});
