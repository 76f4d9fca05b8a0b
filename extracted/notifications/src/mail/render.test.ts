import { mailCases } from '@atlas/kit/testing';
import type { KnownError } from '@atlas/kit/wire';
import { expect, test } from 'vitest';
import { textOfHtml } from './html-text.ts';
import { renderMail, sourceOfHtml } from './render.ts';

const facts = { project: { displayName: 'Tom & Jerry' }, user: null, variables: {}, unsubscribeLink: null };

test.each(mailCases)('$name', ({ source, theme, mail, user, variables, unsubscribeLink }) => {
  const render = () => renderMail(source, theme, { ...facts, user, variables, unsubscribeLink });
  if (mail === null) expect(render).toThrow(expect.objectContaining({ code: 'EMAIL_RENDERING_ERROR' }) as KnownError);
  else expect(render()).toEqual(mail);
});

test('html is a source that prints itself, whatever liquid would read in it', () => {
  for (const html of ['<p>x</p>', '{{ user.displayName }}', '{%- if %}', '{{{{', '{{{% raw %}{{'])
    expect(renderMail(sourceOfHtml(html), null, facts).html).toBe(html);
});

test.each(['<', '<style>', '<a href="', '<a ', '</'])('the text of a megabyte of "%s" takes no time', (piece) => {
  const started = performance.now();
  textOfHtml(piece.repeat(1_000_000 / piece.length));
  expect(performance.now() - started).toBeLessThan(1_000);
});
