import { DEFAULT_EMAIL_THEME_ID, DEFAULT_EMAIL_THEMES } from '@stackframe/stack-shared/dist/helpers/emails';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { ProjectConfig } from '../projects/project-config.ts';

/** What stands around a mail's text: liquid that prints `{{ body }}` once, and `{{ unsubscribeLink }}` where there is one. */
export type Theme = { displayName: string; source: string };

/** What a caller may say of a theme: one by id, `false` for none, or nothing for the project's own. */
export type ThemeChoice = string | false | null | undefined;

const looks: Record<string, Look> = {
  [DEFAULT_EMAIL_THEME_ID]: { page: '#fafbfb', card: '#ffffff', text: '#171717', link: '#2563eb', border: '' },
  'a0172b5d-cff0-463b-83bb-85124697373a': { page: '#323232', card: '#000000', text: '#ffffff', link: '#60a5fa', border: '' },
  'c7e2d94f-8a1b-4e6d-b3f5-9d0a2e7c1b8f': {
    page: '#f0eef6',
    card: '#ffffff',
    text: '#171717',
    link: '#7c5ce0',
    border: 'border-top:4px solid #7c5ce0;',
  },
};

/** The themes every project has, by the ids that published clients know. */
export const defaultThemes: ReadonlyMap<string, Theme> = new Map(
  Object.entries(DEFAULT_EMAIL_THEMES).map(([id, { displayName }]) => [id, { displayName, source: page(looks[id] ?? plainLook()) }]),
);

/** All themes of a project: the defaults, and its own over them. */
export function themesOf(config: ProjectConfig): ReadonlyMap<string, Theme> {
  const own = Object.entries(config.emails.themes).flatMap(([id, theme]): [string, Theme][] =>
    theme?.tsxSource === undefined ? [] : [[id, { displayName: theme.displayName ?? 'Unnamed Theme', source: theme.tsxSource }]],
  );
  return new Map([...defaultThemes, ...own]);
}

/** The theme a mail gets, in the order in which it may be chosen: for this mail, for its template or draft, for the project. Throws 404. */
export function chosenTheme(config: ProjectConfig, choices: readonly ThemeChoice[]): { id: string; source: string } | null {
  const choice = choices.find((one) => one !== undefined && one !== null);
  if (choice === false) return null;
  const themes = themesOf(config);
  if (choice === undefined || choice === null) {
    const id = config.emails.selectedThemeId ?? DEFAULT_EMAIL_THEME_ID;
    const selected = themes.get(id);
    return selected === undefined ? null : { id, source: selected.source };
  }
  const theme = themes.get(choice);
  if (theme === undefined) throw new StatusError(404, 'Theme not found.');
  return { id: choice, source: theme.source };
}

type Look = { page: string; card: string; text: string; link: string; border: string };

function plainLook(): Look {
  return { page: '#ffffff', card: '#ffffff', text: '#171717', link: '#2563eb', border: '' };
}

function page(look: Look): string {
  return `<!doctype html>
<html>
<head><meta charset="utf-8"></head>
<body style="margin:0;padding:32px 16px;background:${look.page};color:${look.text};font-family:sans-serif">
<div style="max-width:600px;margin:0 auto;padding:45px;border-radius:8px;background:${look.card};${look.border}">
{{ body }}
</div>
{% if unsubscribeLink %}<p style="padding:16px;text-align:center;opacity:0.6"><a href="{{ unsubscribeLink }}" style="color:${look.link}">Click here</a> to unsubscribe from these emails</p>{% endif %}
</body>
</html>`;
}
