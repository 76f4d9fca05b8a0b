import { randomUUID } from 'node:crypto';
import { DEFAULT_EMAIL_THEME_ID } from '@stackframe/stack-shared/dist/helpers/emails';
import { yupObject, yupString } from '@stackframe/stack-shared/dist/schema-fields';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import { branchOf } from '../auth/branch-of.ts';
import { changeConfig } from '../config-overrides/change-override.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { adminOnly, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { previewOf, previewSource } from './preview.ts';
import { displayNameField, sourceField } from './template-routes.ts';
import { defaultThemes, type Theme, themesOf } from './themes.ts';

// Themes live in the project's settings, by id; the defaults are there without being stored.

const root = '/internal/email-themes';
const themeKey = yupObject({ id: yupString().uuid().defined() }).defined();

export const themeEndpoints = [
  endpoint({
    method: 'GET',
    path: root,
    access: adminOnly,
    handle: async ({ auth }) => {
      const themes = [...themesOf(auth.project.config)].map(([id, { displayName }]) => ({ id, display_name: displayName }));
      return json(200, { themes });
    },
  }),
  endpoint({
    method: 'POST',
    path: root,
    access: adminOnly,
    body: yupObject({ display_name: displayNameField.defined() }).defined(),
    handle: async ({ auth, body }) => {
      const id = randomUUID();
      const source = defaultThemes.get(DEFAULT_EMAIL_THEME_ID)?.source ?? '{{ body }}';
      await changeConfig(branchOf(auth), () => ({ [`emails.themes.${id}`]: { displayName: body.display_name, tsxSource: source } }));
      return json(200, { id });
    },
  }),
  endpoint({
    method: 'GET',
    path: `${root}/:id`,
    access: adminOnly,
    params: themeKey,
    handle: async ({ auth, params }) => {
      const { displayName, source } = themeOf(auth.project.config, params.id);
      return json(200, { display_name: displayName, tsx_source: source });
    },
  }),
  endpoint({
    method: 'PATCH',
    path: `${root}/:id`,
    access: adminOnly,
    params: themeKey,
    body: yupObject({ tsx_source: sourceField.defined() }).defined(),
    handle: async ({ auth, params, body }) => {
      // A theme that cannot be rendered would refuse every mail of the project.
      previewOf(auth.project, previewSource, body.tsx_source);
      let displayName = '';
      await changeConfig(branchOf(auth), (config) => {
        displayName = themeOf(config, params.id).displayName;
        return { [`emails.themes.${params.id}`]: { displayName, tsxSource: body.tsx_source } };
      });
      return json(200, { display_name: displayName });
    },
  }),
  endpoint({
    method: 'DELETE',
    path: `${root}/:id`,
    access: adminOnly,
    params: themeKey,
    handle: async ({ auth, params }) => {
      await changeConfig(branchOf(auth), (config) => {
        themeOf(config, params.id);
        if (config.emails.themes[params.id] === undefined) throw new StatusError(400, 'A default theme cannot be deleted.');
        if (config.emails.selectedThemeId === params.id && !defaultThemes.has(params.id))
          throw new StatusError(400, 'The selected theme cannot be deleted; select another one first.');
        return { [`emails.themes.${params.id}`]: null };
      });
      return json(200, { success: true });
    },
  }),
];

function themeOf(config: ProjectConfig, id: string): Theme {
  const theme = themesOf(config).get(id);
  if (theme === undefined) throw new StatusError(404, 'Theme not found.');
  return theme;
}
