import { randomUUID } from 'node:crypto';
import { knownErrors } from '@atlas/kit/wire';
import { Context, Liquid } from 'liquidjs';
import { decodeEntities, textOfHtml } from './html-text.ts';

/** `category`: what the template captured as `notificationCategory`, a category's name. */
export type RenderedMail = { subject: string; html: string; text: string; category: string | null };

/** What a template can print: `project`, `user`, `variables`; and what its theme can besides: `unsubscribeLink`. */
export type MailFacts = {
  project: { displayName: string };
  user: { displayName: string | null } | null;
  variables: Record<string, unknown>;
  unsubscribeLink: string | null;
};

const sourceCharactersMax = 1_048_576;
const renderMillisMax = 500;
const memoryUnitsMax = 4_000_000;

/** No file, no code: a template can only print what it is given. Everything printed is escaped unless the template says `raw`. */
const engine = new Liquid({
  outputEscape: 'escape',
  ownPropertyOnly: true,
  templates: {},
  parseLimit: sourceCharactersMax,
  renderLimit: renderMillisMax,
  memoryLimit: memoryUnitsMax,
});

/** Renders a template's source and the theme around it. What it captures as `subject` becomes the subject. Throws EMAIL_RENDERING_ERROR. */
export function renderMail(source: string, themeSource: string | null, facts: MailFacts): RenderedMail {
  try {
    const { project, user, variables, unsubscribeLink } = facts;
    const template = print(source, { project, user: user ?? { displayName: null }, variables });
    const html = withUnsubscribeLink(
      themeSource === null ? template.html : themed(themeSource, template.html, { project, unsubscribeLink }),
      unsubscribeLink,
    );
    return { subject: template.subject, category: template.category, html, text: textOfHtml(html) };
  } catch (error) {
    throw knownErrors.emailRenderingError(error instanceof Error ? error.message : String(error));
  }
}

/** Html as a source that prints it: liquid's own marks in it mean nothing. */
export function sourceOfHtml(html: string): string {
  return html.replace(/\{[{%]/g, (mark) => `{{ '${mark}' | raw }}`);
}

function print(source: string, variables: Record<string, unknown>): { html: string; subject: string; category: string | null } {
  const context = new Context(variables, engine.options, { sync: true });
  const html = String(engine.renderSync(engine.parse(source), context)).trim();
  const captured = (name: string) =>
    decodeEntities(String(context.getSync([name]) ?? ''))
      .replace(/\s+/g, ' ')
      .trim();
  return { html, subject: captured('subject'), category: captured('notificationCategory') || null };
}

/** The body takes the place of a word that nobody can write, because liquid would escape it. */
function themed(themeSource: string, body: string, facts: Pick<MailFacts, 'project' | 'unsubscribeLink'>): string {
  const place = `body-${randomUUID()}`;
  const [before, after, ...more] = print(themeSource, { ...facts, body: place }).html.split(place);
  if (before === undefined || after === undefined || more.length > 0) throw new Error('the theme must print {{ body }} once');
  return before + body + after;
}

/** A mail that can be refused says how, whatever its theme forgot. */
function withUnsubscribeLink(html: string, link: string | null): string {
  if (link === null || html.includes(link) || html.includes(escaped(link))) return html;
  const line = `<p><a href="${escaped(link)}">Unsubscribe</a></p>`;
  const end = html.lastIndexOf('</body>');
  return end < 0 ? `${html}\n${line}` : `${html.slice(0, end)}${line}\n${html.slice(end)}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' })[character] ?? character);
}
