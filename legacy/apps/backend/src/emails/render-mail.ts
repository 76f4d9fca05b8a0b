import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { Context, Liquid } from 'liquidjs';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type FlowMail, type FlowTemplate, flowTemplates } from './flow-templates.ts';

export type RenderedMail = { subject: string; html: string; text: string };

const sourceCharactersMax = 200_000;
const renderMillisMax = 500;
const memoryUnitsMax = 2_000_000;

/** No file, no code: a template can only print what it is given. Everything printed is escaped unless the template says `raw`. */
const engine = new Liquid({
  outputEscape: 'escape',
  ownPropertyOnly: true,
  templates: {},
  parseLimit: sourceCharactersMax,
  renderLimit: renderMillisMax,
  memoryLimit: memoryUnitsMax,
});

/** Renders a template's source. What it captures as `subject` becomes the subject. Throws EMAIL_RENDERING_ERROR. */
export function renderMail(source: string, variables: Record<string, unknown>): RenderedMail {
  try {
    const context = new Context(variables, engine.options, { sync: true });
    const html = String(engine.renderSync(engine.parse(source), context)).trim();
    const subject = plainText(String(context.getSync(['subject']) ?? ''));
    return { subject, html, text: textOf(html) };
  } catch (error) {
    throw new KnownErrors.EmailRenderingError(error instanceof Error ? error.message : String(error));
  }
}

/** A mail of one of the flows, in the project's own words where it has some. */
export function renderFlowMail(
  project: { displayName: string; config: ProjectConfig },
  mail: FlowMail,
  variables: Record<string, unknown>,
): RenderedMail {
  const template: FlowTemplate = flowTemplates[mail];
  const source = project.config.emails.templates[template.id]?.tsxSource ?? template.source;
  return renderMail(source, { project: { displayName: project.displayName }, ...variables });
}

/** The text part: links with their address, no markup. */
function textOf(html: string): string {
  const withLinks = html
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, '')
    .replace(/<a\b[^>]*?href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/gi, '$2: $1')
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<\/(p|h[1-6]|div|li|tr)>/gi, '\n');
  return plainText(withLinks.replace(/<[^>]*>/g, ''))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n\n');
}

const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&#34;': '"', '&quot;': '"', '&#39;': "'", '&amp;': '&' };

function plainText(escaped: string): string {
  return escaped.replace(/&(?:lt|gt|#34|quot|#39|amp);/g, (entity) => entities[entity] ?? entity).trim();
}
