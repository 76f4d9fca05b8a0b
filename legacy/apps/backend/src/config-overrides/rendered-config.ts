import { normalize, override } from '@stackframe/stack-shared/dist/config/format';
import { applyOrganizationDefaults, sanitizeOrganizationConfig } from '@stackframe/stack-shared/dist/config/schema';
import { templatesOf } from '../emails/flow-templates.ts';
import { themesOf } from '../emails/themes.ts';
import { type ConfigLayers, projectConfig } from '../projects/project-config.ts';
import { asConfig } from './change-override.ts';

type Incomplete = Parameters<typeof applyOrganizationDefaults>[0];
type WithDefaults = Parameters<typeof sanitizeOrganizationConfig>[0];

/** The settings in force, all of them, as dashboards show them: the layers over the published defaults. Themes and templates are those mails are made with. */
export async function renderedConfig(layers: ConfigLayers): Promise<object> {
  const stored = override(asConfig(layers.project), asConfig(layers.branch), asConfig(layers.environment));
  const complete = normalize(applyOrganizationDefaults(stored as Incomplete), { onDotIntoNonObject: 'ignore' });
  const rendered = await sanitizeOrganizationConfig(complete as WithDefaults);
  const inForce = projectConfig(layers);
  const themes = [...themesOf(inForce)].map(([id, { displayName, source }]) => [id, { displayName, tsxSource: source }] as const);
  const templates = [...templatesOf(inForce)].map(
    ([id, { displayName, source, themeId }]) => [id, { displayName, tsxSource: source, themeId }] as const,
  );
  return {
    ...rendered,
    emails: { ...rendered.emails, themes: Object.fromEntries(themes), templates: Object.fromEntries(templates) },
  };
}
