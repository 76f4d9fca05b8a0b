import { DEFAULT_TEMPLATE_IDS } from '@stackframe/stack-shared/dist/helpers/emails';
import type { ProjectConfig } from '../projects/project-config.ts';

/** A mail's source: liquid, no code. What it captures as `subject` is the subject. */
export type FlowTemplate = { id: string; displayName: string; source: string };

const centered = 'text-align:center;margin:0;padding:12px 24px';
const buttonStyle =
  'display:inline-block;padding:12px 20px;border-radius:4px;background:#f0f0f0;color:#000000;font-weight:bold;text-decoration:none';

/** The mails of the flows, by what they are for. A project may replace the source of each by its id. They print `project`, `user` and `variables`. */
export const flowTemplates = {
  email_verification: {
    id: DEFAULT_TEMPLATE_IDS.email_verification,
    displayName: 'Email Verification',
    source: mail({
      subject: 'Verify your email at {{ project.displayName }}',
      greeting: 'Please click on the following button to verify your email.',
      button: { label: 'Verify my email', link: '{{ variables.emailVerificationLink }}' },
    }),
  },
  password_reset: {
    id: DEFAULT_TEMPLATE_IDS.password_reset,
    displayName: 'Password Reset',
    source: mail({
      subject: 'Reset your password at {{ project.displayName }}',
      greeting: 'Please click on the following button to set a new password.',
      button: { label: 'Reset my password', link: '{{ variables.passwordResetLink }}' },
    }),
  },
  magic_link: {
    id: DEFAULT_TEMPLATE_IDS.magic_link,
    displayName: 'Magic Link/OTP',
    source: mail({
      subject: 'Sign in to {{ project.displayName }}: Your code is {{ variables.otp }}',
      heading: 'Sign in to {{ project.displayName }}',
      greeting: 'This is your one-time code for signing in:',
      code: '{{ variables.otp }}',
      button: { label: 'Sign in with this link', link: '{{ variables.magicLink }}' },
    }),
  },
  team_invitation: {
    id: DEFAULT_TEMPLATE_IDS.team_invitation,
    displayName: 'Team Invitation',
    source: mail({
      subject: 'You have been invited to join {{ variables.teamDisplayName }}',
      greeting: 'Please click on the following button to join {{ variables.teamDisplayName }} at {{ project.displayName }}.',
      button: { label: 'Join the team', link: '{{ variables.teamInvitationLink }}' },
    }),
  },
  sign_in_invitation: {
    id: DEFAULT_TEMPLATE_IDS.sign_in_invitation,
    displayName: 'Sign In Invitation',
    source: mail({
      subject: 'You have been invited to sign in to {{ project.displayName }}',
      greeting: 'Please click on the following button to sign in.',
      button: { label: 'Sign in', link: '{{ variables.signInInvitationLink }}' },
    }),
  },
  api_key_revoked: {
    id: 'b2d0b6a8-6f7e-4a39-9a43-0c1b8d7f5e21',
    displayName: 'API Key Revoked',
    source: mail({
      subject: 'API Key Revoked: {{ variables.description }}',
      greeting:
        'The API key "{{ variables.description }}" was found in a public place and has been revoked. Please make a new one where you need it.',
    }),
  },
} as const satisfies Record<string, FlowTemplate>;

export type FlowMail = keyof typeof flowTemplates;

export type Template = { displayName: string; source: string; themeId: string | false | undefined };

/** All templates of a project: those of the flows, and its own over them. */
export function templatesOf(config: ProjectConfig): ReadonlyMap<string, Template> {
  const own = Object.entries(config.emails.templates).flatMap(([id, template]): [string, Template][] => {
    if (template?.tsxSource === undefined) return [];
    const { displayName = 'Unnamed Template', tsxSource: source, themeId } = template;
    return [[id, { displayName, source, themeId }]];
  });
  return new Map([...defaultTemplates, ...own]);
}

/** The templates every project has. */
export const defaultTemplates: ReadonlyMap<string, Template> = new Map(
  Object.values(flowTemplates).map(({ id, displayName, source }): [string, Template] => [id, { displayName, source, themeId: undefined }]),
);

type Words = {
  subject: string;
  /** The subject, when it is absent. */
  heading?: string;
  greeting: string;
  code?: string;
  button?: { label: string; link: string };
};

function mail({ subject, heading, greeting, code, button }: Words): string {
  const lines = [
    `{% capture subject %}${subject}{% endcapture %}`,
    `<h3 style="${centered};font-size:20px">${heading ?? '{{ subject | raw }}'}</h3>`,
    `<p style="${centered};font-size:14px">Hi{% if user.displayName %}, {{ user.displayName }}{% endif %}! ${greeting}</p>`,
  ];
  if (code !== undefined) lines.push(`<p style="${centered};font-size:24px;font-family:monospace;font-weight:bold">${code}</p>`);
  if (button !== undefined) lines.push(`<p style="${centered}"><a href="${button.link}" style="${buttonStyle}">${button.label}</a></p>`);
  lines.push(`<p style="${centered};font-size:12px;opacity:0.6">If you were not expecting this email, you can safely ignore it.</p>`);
  return lines.join('\n');
}
