import { mailCases } from '@atlas/kit/testing';
import { describe, expect, test } from 'vitest';
import { projectConfig } from '../projects/project-config.ts';
import { textOfHtml } from './html-text.ts';
import { type MailFacts, renderFlowMail, renderMail, sourceOfHtml } from './render-mail.ts';

const facts = (over: Partial<MailFacts> = {}): MailFacts => ({
  project: { displayName: 'Tom & Jerry' },
  user: { displayName: 'Ann' },
  variables: {},
  unsubscribeLink: null,
  ...over,
});
const bare = (source: string, variables: Record<string, unknown> = {}) => renderMail(source, null, facts({ variables }));

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
    expect(renderFlowMail(project(templates), 'email_verification', {})).toMatchObject({
      subject: 'Hi',
      html: expect.stringContaining('\nGo\n'),
    });
  });

  test.each(mailCases)('$name', ({ source, theme, mail, user, variables, unsubscribeLink }) => {
    const render = () => renderMail(source, theme, facts({ user, variables, unsubscribeLink }));
    if (mail === null) expect(render).toThrow(expect.objectContaining({ errorCode: 'EMAIL_RENDERING_ERROR', statusCode: 400 }));
    else expect(render()).toEqual(mail);
  });

  test('made of html is that html, whatever liquid would read in it', () => {
    for (const html of ['<p>x</p>', '{{ user.displayName }}', '{%- if %}', '{{{{', '{{{% raw %}{{'])
      expect(bare(sourceOfHtml(html)).html).toBe(html);
  });
});

describe('the text part', () => {
  test('has no markup, no style, and its links with their address', () => {
    const html =
      '<head><title>t</title></head><style>p{}</style><h1>Hi &amp; bye</h1><p>a<br>b</p><a class="x" href="http://x/?a=1&amp;b=2">go</a>';
    expect(textOfHtml(html)).toBe('Hi & bye\n\na\n\nb\n\ngo: http://x/?a=1&b=2');
  });

  test.each(['<', '<style>', '<a href="', '<a ', '</'])('of a megabyte of "%s" takes no time', (piece) => {
    const started = performance.now();
    textOfHtml(piece.repeat(1_000_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
