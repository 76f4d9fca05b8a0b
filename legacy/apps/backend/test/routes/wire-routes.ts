/**
 * The routes published clients, servers and dashboards call, and who may: C client, S server, A admin, N nobody needs to be known.
 * Kept apart from the code on purpose: the table in legacy/ROUTES.md and its test compare the two.
 */
export const wireRoutes = `
authn-sessions
  POST /auth/password/sign-up                                     C S A
  POST /auth/password/sign-in                                     C S A
  POST /auth/password/send-reset-code                             C S A
  POST /auth/password/reset                                       C S A
  POST /auth/password/reset/check-code                            C S A
  POST /auth/password/set                                         C S A
  POST /auth/password/update                                      C S A
  POST /auth/otp/send-sign-in-code                                C S A
  POST /auth/otp/sign-in                                          C S A
  POST /auth/otp/sign-in/check-code                               C S A
  POST /auth/mfa/sign-in                                          C S A
  POST /auth/passkey/initiate-passkey-registration                C S A
  POST /auth/passkey/register                                     C S A
  POST /auth/passkey/initiate-passkey-authentication              C S A
  POST /auth/passkey/sign-in                                      C S A
  POST /auth/anonymous/sign-up                                    C S A
  GET /auth/sessions                                              C S A
  POST /auth/sessions                                             S A
  DELETE /auth/sessions/:id                                       C S A
  DELETE /auth/sessions/current                                   C S A
  POST /auth/sessions/current/refresh                             C S A
  POST /auth/cli                                                  C S A
  POST /auth/cli/poll                                             C S A
  POST /auth/cli/complete                                         C S A
  GET /projects/:project_id/.well-known/jwks.json                 N
identity-profiles
  GET /users/me                                                   C S A
  PATCH /users/me                                                 C S A
  DELETE /users/me                                                C S A
  GET /users                                                      S A
  POST /users                                                     S A
  GET /users/:user_id                                             S A
  PATCH /users/:user_id                                           S A
  DELETE /users/:user_id                                          S A
  GET /contact-channels                                           C S A
  POST /contact-channels                                          C S A
  GET /contact-channels/:user_id/:contact_channel_id              C S A
  PATCH /contact-channels/:user_id/:contact_channel_id            C S A
  DELETE /contact-channels/:user_id/:contact_channel_id           C S A
  POST /contact-channels/:user_id/:contact_channel_id/send-verification-code  C S A
  POST /contact-channels/send-verification-code                   C
  POST /contact-channels/verify                                   C S A
  POST /contact-channels/verify/check-code                        C S A
  GET /user-api-keys                                              C S A
  POST /user-api-keys                                             C S A
  GET /user-api-keys/:api_key_id                                  C S A
  PATCH /user-api-keys/:api_key_id                                C S A
  POST /user-api-keys/check                                       S A
  GET /projects/current                                           C S A
  POST /data-vault/stores/:id/get                                 S A
  POST /data-vault/stores/:id/set                                 S A
orgs-teams
  GET /teams                                                      C S A
  POST /teams                                                     C S A
  GET /teams/:team_id                                             C S A
  PATCH /teams/:team_id                                           C S A
  DELETE /teams/:team_id                                          C S A
  POST /team-memberships/:team_id/:user_id                        S A
  DELETE /team-memberships/:team_id/:user_id                      C S A
  GET /team-member-profiles                                       C S A
  GET /team-member-profiles/:team_id/:user_id                     C S A
  PATCH /team-member-profiles/:team_id/:user_id                   C S A
  GET /team-invitations                                           C S A
  POST /team-invitations/send-code                                C S A
  POST /team-invitations/accept                                   C S A
  POST /team-invitations/accept/check-code                        C S A
  POST /team-invitations/accept/details                           C S A
  DELETE /team-invitations/:id                                    C S A
  POST /team-invitations/:id/accept                               C S A
  GET /team-api-keys                                              C S A
  POST /team-api-keys                                             C S A
  GET /team-api-keys/:api_key_id                                  C S A
  PATCH /team-api-keys/:api_key_id                                C S A
  POST /team-api-keys/check                                       S A
authz-policies
  GET /team-permissions                                           C S A
  POST /team-permissions/:team_id/:user_id/:permission_id         S A
  DELETE /team-permissions/:team_id/:user_id/:permission_id       S A
  GET /project-permissions                                        C S A
  POST /project-permissions/:user_id/:permission_id               S A
  DELETE /project-permissions/:user_id/:permission_id             S A
  GET /team-permission-definitions                                A
  POST /team-permission-definitions                               A
  PATCH /team-permission-definitions/:permission_id               A
  DELETE /team-permission-definitions/:permission_id              A
  GET /project-permission-definitions                             A
  POST /project-permission-definitions                            A
  PATCH /project-permission-definitions/:permission_id            A
  DELETE /project-permission-definitions/:permission_id           A
oauth-connections
  GET /auth/oauth/authorize/:provider_id                          N
  GET /auth/oauth/callback/:provider_id                           N
  POST /auth/oauth/callback/:provider_id                          N
  POST /auth/oauth/token                                          N
  POST /auth/oauth/cross-domain/authorize                         C
  GET /connected-accounts/:user_id                                C S A
  POST /connected-accounts/:user_id/:provider_id/access-token     C S A
  POST /connected-accounts/:user_id/:provider_id/:provider_account_id/access-token  C S A
  POST /auth/oauth/connected-accounts/:provider_id/access-token   C S A
  GET /oauth-providers                                            C S A
  POST /oauth-providers                                           S A
  GET /oauth-providers/:user_id/:provider_id                      C S A
  PATCH /oauth-providers/:user_id/:provider_id                    C S A
  DELETE /oauth-providers/:user_id/:provider_id                   C S A
notifications
  POST /emails/send-email                                         S A
  GET /emails/outbox                                              S A
  GET /emails/outbox/:id                                          S A
  PATCH /emails/outbox/:id                                        S A
  GET /emails/delivery-info                                       S A
  POST /emails/capacity-boost                                     S A
  POST /emails/render-email                                       A
  GET /emails/notification-preference/:user_id                    C S A
  PATCH /emails/notification-preference/:user_id/:notification_category_id  C S A
  GET /emails/unsubscribe-link                                    N
  GET /internal/email-templates                                   A
  POST /internal/email-templates                                  A
  GET /internal/email-templates/:id                               A
  PATCH /internal/email-templates/:id                             A
  DELETE /internal/email-templates/:id                            A
  GET /internal/email-themes                                      A
  POST /internal/email-themes                                     A
  GET /internal/email-themes/:id                                  A
  PATCH /internal/email-themes/:id                                A
  DELETE /internal/email-themes/:id                               A
  GET /internal/email-drafts                                      A
  POST /internal/email-drafts                                     A
  GET /internal/email-drafts/:id                                  A
  PATCH /internal/email-drafts/:id                                A
  DELETE /internal/email-drafts/:id                               A
  GET /internal/emails                                            A
  POST /internal/send-test-email                                  A
  POST /webhooks/svix-token                                       A
audit-analytics
  POST /analytics/events/batch                                    C
platform
  GET /internal/projects                                          C
  POST /internal/projects                                         C
  GET /internal/projects/current                                  A
  PATCH /internal/projects/current                                A
  DELETE /internal/projects/current                               A
  GET /internal/api-keys                                          A
  POST /internal/api-keys                                         A
  GET /internal/api-keys/:api_key_id                              A
  PATCH /internal/api-keys/:api_key_id                            A
  GET /internal/config                                            A
  GET /internal/config/override/:level                            S A
  PUT /internal/config/override/:level                            S A
  PATCH /internal/config/override/:level                          S A
  POST /internal/config/override/:level/reset-keys                S A
  GET /internal/config/source                                     A
  DELETE /internal/config/source                                  A
  POST /check-version                                             N
  POST /check-feature-support                                     N
  GET /internal/backend-urls                                      N
  GET /                                                           N
  GET /payments/billing/:customer_type/:customer_id               C S A
  GET /payments/products/:customer_type/:customer_id              C S A
  GET /payments/invoices/:customer_type/:customer_id              C S A
`;

export type WireRoute = { slice: string; route: string; access: string[] };

const accessNames: Record<string, string> = { C: 'client', S: 'server', A: 'admin', N: 'anyone' };

/** The list above, line by line. */
export function readWireRoutes(list: string): WireRoute[] {
  let slice = '';
  const routes: WireRoute[] = [];
  for (const line of list.split('\n').filter((each) => each.trim() !== '')) {
    const match = /^ {2}(\w+ \S+) +([CSAN](?: [CSAN])*)$/.exec(line);
    if (match === null) slice = line.trim();
    else routes.push({ slice, route: match[1] ?? '', access: (match[2] ?? '').split(' ').map((letter) => accessNames[letter] ?? letter) });
  }
  return routes;
}
