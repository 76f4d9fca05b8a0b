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

  test('escapes what people typed', () => {
    expect(bare('<p>{{ variables.name }}</p>', { name: '<script>alert(1)</script>' }).html).toBe(
      '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>',
    );
  });

  test.each([
    ['a broken template', '{% if %}'],
    ['a file', "{% include 'etc/passwd' %}"],
    ['an endless loop', '{% for a in (1..100000000) %}x{% endfor %}'],
  ])('is refused for %s', (_name, source) => {
    expect(() => bare(source)).toThrow(expect.objectContaining({ statusCode: 400 }));
  });

  test('cannot reach the objects behind its variables', () => {
    expect(
      bare('{{ variables.name.constructor }}{{ variables.constructor }}{{ variables.name.length.constructor }}', { name: 'x' }).html,
    ).toBe('');
  });

  test('prints user, project and variables', () => {
    const mail = bare('{% capture subject %}Hi {{ user.displayName }}{% endcapture %}{{ project.displayName }}: {{ variables.count }}', {
      count: 3,
    });
    expect(mail).toMatchObject({ subject: 'Hi Ann', html: 'Tom &amp; Jerry: 3', text: 'Tom & Jerry: 3', category: null });
  });

  test('can name its category', () => {
    expect(bare('{% capture notificationCategory %}Marketing{% endcapture %}x').category).toBe('Marketing');
  });

  test('made of html is that html, whatever liquid would read in it', () => {
    for (const html of ['<p>x</p>', '{{ user.displayName }}', '{%- if %}', '{{{{', '{{{% raw %}{{'])
      expect(bare(sourceOfHtml(html)).html).toBe(html);
  });

  test('that can be refused says how: where its theme says it, and at its end when the theme does not', () => {
    const link = 'http://localhost/u?a=1&code=x';
    const withLink = (theme: string | null) => renderMail('<p>x</p>', theme, facts({ unsubscribeLink: link }));
    expect(withLink('<b>{{ body }}</b>{% if unsubscribeLink %}<a href="{{ unsubscribeLink }}">no more</a>{% endif %}')).toMatchObject({
      html: '<b><p>x</p></b><a href="http://localhost/u?a=1&amp;code=x">no more</a>',
      text: 'x\n\nno more: http://localhost/u?a=1&code=x',
    });
    expect(withLink('<body>{{ body }}</body>').html).toBe(
      '<body><p>x</p><p><a href="http://localhost/u?a=1&amp;code=x">Unsubscribe</a></p>\n</body>',
    );
    expect(withLink(null).text).toBe('x\n\nUnsubscribe: http://localhost/u?a=1&code=x');
  });

  test.each(['no body', '{{ body }}{{ body }}'])('is refused with a theme that prints its body never or twice (%s)', (theme) => {
    expect(() => renderMail('x', theme, facts())).toThrow(expect.objectContaining({ statusCode: 400 }));
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
