import { type RenderedTemplate, renderMail } from './render-mail.ts';

/** A mail as somebody would get it whom there is not: for looking at a template or a theme. Throws EMAIL_RENDERING_ERROR. */
export function previewOf(project: { displayName: string }, source: string, themeSource: string | null): RenderedTemplate {
  return renderMail(source, themeSource, {
    project: { displayName: project.displayName },
    user: { displayName: 'John Doe' },
    variables: {},
    unsubscribeLink: null,
  });
}

/** What a theme is shown with. */
export const previewSource = `{% capture subject %}A look at your theme{% endcapture %}
<h3>Hi {{ user.displayName }}!</h3>
<p>This is how mails of {{ project.displayName }} look.</p>`;
