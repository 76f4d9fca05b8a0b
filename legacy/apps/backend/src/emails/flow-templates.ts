import { DEFAULT_TEMPLATE_IDS } from '@stackframe/stack-shared/dist/helpers/emails';

/** A mail's source: liquid, no code. What it captures as `subject` is the subject. */
export type FlowTemplate = { id: string; displayName: string; source: string };

/** The mails of the flows, by what they are for. A project may replace the source of each by its id. Variables: `project`, `user`, and those in the text. */
export const flowTemplates = {
  email_verification: {
    id: DEFAULT_TEMPLATE_IDS.email_verification,
    displayName: 'Email Verification',
    source: mail('Verify your email at {{ project.displayName }}', [
      'Please follow this link to verify your email.',
      '[Verify my email]({{ emailVerificationLink }})',
    ]),
  },
  password_reset: {
    id: DEFAULT_TEMPLATE_IDS.password_reset,
    displayName: 'Password Reset',
    source: mail('Reset your password at {{ project.displayName }}', [
      'Please follow this link to set a new password.',
      '[Reset my password]({{ passwordResetLink }})',
    ]),
  },
  magic_link: {
    id: DEFAULT_TEMPLATE_IDS.magic_link,
    displayName: 'Magic Link/OTP',
    source: mail('Sign in to {{ project.displayName }}: Your code is {{ otp }}', [
      'Your code is {{ otp }}.',
      'Or follow this link to sign in.',
      '[Sign in]({{ magicLink }})',
    ]),
  },
  team_invitation: {
    id: DEFAULT_TEMPLATE_IDS.team_invitation,
    displayName: 'Team Invitation',
    source: mail('You have been invited to join {{ teamDisplayName }}', [
      'Please follow this link to join {{ teamDisplayName }} at {{ project.displayName }}.',
      '[Join the team]({{ teamInvitationLink }})',
    ]),
  },
  sign_in_invitation: {
    id: DEFAULT_TEMPLATE_IDS.sign_in_invitation,
    displayName: 'Sign In Invitation',
    source: mail('You have been invited to sign in to {{ project.displayName }}', [
      'Please follow this link to sign in.',
      '[Sign in]({{ signInInvitationLink }})',
    ]),
  },
  api_key_revoked: {
    id: 'b2d0b6a8-6f7e-4a39-9a43-0c1b8d7f5e21',
    displayName: 'API Key Revoked',
    source: mail('API Key Revoked: {{ description }}', [
      'The API key "{{ description }}" was found in a public place and has been revoked.',
      'Please make a new one where you need it.',
    ]),
  },
} as const satisfies Record<string, FlowTemplate>;

export type FlowMail = keyof typeof flowTemplates;

function mail(subject: string, lines: readonly string[]): string {
  const paragraphs = lines.map((line) => `<p>${line.replace(/\[(.+)\]\((.+)\)/, '<a href="$2">$1</a>')}</p>`);
  return [`{% capture subject %}${subject}{% endcapture %}`, '<h1>{{ subject | raw }}</h1>', ...paragraphs].join('\n');
}
