import { randomUUID } from 'node:crypto';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { changeConfig } from '../config-overrides/change-override.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { asThemeChoice, themeChoice } from './body-fields.ts';
import { defaultTemplates, type Template, templatesOf } from './flow-templates.ts';
import { previewOf } from './preview.ts';
import { chosenTheme } from './themes.ts';

// Templates live in the project's settings, by id; those of the flows are there without being stored.

const root = '/internal/email-templates';
const templateKey = yupObject({ id: yupString().uuid().defined() }).defined();
export const sourceField = yupString().max(200_000);
export const displayNameField = yupString().max(256);

export const templateEndpoints = [
  endpoint({
    method: 'GET',
    path: root,
    access: adminOnly,
    handle: async ({ auth }) => json(200, { templates: [...templatesOf(auth.project.config)].map(([id, template]) => item(id, template)) }),
  }),
  endpoint({
    method: 'POST',
    path: root,
    access: adminOnly,
    body: yupObject({ display_name: displayNameField.defined() }).defined(),
    handle: async ({ auth, body }) => {
      const id = randomUUID();
      await store(auth, id, () => ({ displayName: body.display_name, source: newTemplateSource, themeId: undefined }));
      return json(200, { id });
    },
  }),
  endpoint({
    method: 'GET',
    path: `${root}/:id`,
    access: adminOnly,
    params: templateKey,
    handle: async ({ auth, params }) => json(200, item(params.id, templateOf(auth.project.config, params.id))),
  }),
  endpoint({
    method: 'PATCH',
    path: `${root}/:id`,
    access: adminOnly,
    params: templateKey,
    body: yupObject({ tsx_source: sourceField.defined(), theme_id: themeChoice }).defined(),
    handle: async ({ auth, params, body }) => {
      const theme = asThemeChoice(body.theme_id);
      let html = '';
      await store(auth, params.id, (config) => {
        const template = templateOf(config, params.id);
        // Absent keeps the choice, null gives it back to the project.
        const themeId = theme === undefined ? template.themeId : (theme ?? undefined);
        html = previewOf(auth.project, body.tsx_source, chosenTheme(config, [themeId])?.source ?? null).html;
        return { displayName: template.displayName, source: body.tsx_source, themeId };
      });
      return json(200, { rendered_html: html });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: `${root}/:id`,
    access: adminOnly,
    params: templateKey,
    handle: async ({ auth, params }) => {
      await changeConfig(branchOf(auth), (config) => {
        templateOf(config, params.id);
        if (defaultTemplates.has(params.id) && config.emails.templates[params.id] === undefined)
          throw new StatusError(400, 'A default template cannot be deleted.');
        return { [`emails.templates.${params.id}`]: null };
      });
      return json(200, { success: true });
    },
  }),
];

async function store(auth: Auth, id: string, decide: (config: ProjectConfig) => Template): Promise<void> {
  await changeConfig(branchOf(auth), (config) => {
    const { displayName, source, themeId } = decide(config);
    const value = { displayName, tsxSource: source, ...(themeId === undefined ? {} : { themeId }) };
    return { [`emails.templates.${id}`]: value };
  });
}

function templateOf(config: ProjectConfig, id: string): Template {
  const template = templatesOf(config).get(id);
  if (template === undefined) throw new StatusError(404, 'Template not found.');
  return template;
}

function item(id: string, { displayName, source, themeId }: Template) {
  return { id, display_name: displayName, ...(themeId === undefined ? {} : { theme_id: themeId }), tsx_source: source };
}

export const newTemplateSource = `{% capture subject %}Hello {{ user.displayName }}!{% endcapture %}
{% capture notificationCategory %}Transactional{% endcapture %}
<p>Hi {{ user.displayName }}!</p>
<p>This mail is from {{ project.displayName }}.</p>`;
