import { describe, expect, test } from 'vitest';
import { projectConfig } from '../projects/project-config.ts';
import { renderFlowMail, renderMail } from './render-mail.ts';

const project = (environment: object = {}) => ({
  displayName: 'Tom & Jerry <Ltd>',
  config: projectConfig({ project: {}, branch: {}, environment }),
});

describe('a mail', () => {
  test('has its link in html and text, and the project’s name unharmed in the subject', () => {
    const mail = renderFlowMail(project(), 'email_verification', { emailVerificationLink: 'http://localhost/v?a=1&code=x' });
    expect(mail.subject).toBe('Verify your email at Tom & Jerry <Ltd>');
    expect(mail.html).toContain('Tom &amp; Jerry &lt;Ltd&gt;');
    expect(mail.html).toContain('href="http://localhost/v?a=1&amp;code=x"');
    expect(mail.text).toContain('http://localhost/v?a=1&code=x');
  });

  test('uses the project’s own template', () => {
    const templates = {
      'emails.templates': {
        'e7d009ce-8d47-4528-b245-5bf119f2ffa3': { displayName: 'Mine', tsxSource: '{% capture subject %}Hi{% endcapture %}Go' },
      },
    };
    expect(renderFlowMail(project(templates), 'email_verification', {})).toMatchObject({ subject: 'Hi', html: 'Go' });
  });

  test('escapes what people typed', () => {
    expect(renderMail('<p>{{ name }}</p>', { name: '<script>alert(1)</script>' }).html).toBe(
      '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>',
    );
  });

  test.each([
    ['a broken template', '{% if %}'],
    ['a file', "{% include 'etc/passwd' %}"],
    ['an endless loop', '{% for a in (1..100000000) %}x{% endfor %}'],
  ])('is refused for %s', (_name, source) => {
    expect(() => renderMail(source, {})).toThrow(expect.objectContaining({ statusCode: 400 }));
  });

  test('cannot reach the objects behind its variables', () => {
    expect(renderMail('{{ name.constructor }}{{ name.length.constructor }}', { name: 'x' }).html).toBe('');
  });
});
