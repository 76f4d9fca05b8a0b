import { apiKeyEndpoints } from './api-keys/routes.ts';
import { configEndpoints } from './config-overrides/routes.ts';
import { contactChannelEndpoints } from './contact-channels/routes.ts';
import { dataVaultEndpoints } from './data-vault/routes.ts';
import { emailAdminEndpoints } from './emails/admin-routes.ts';
import { emailEndpoints } from './emails/routes.ts';
import { eventEndpoints } from './events/routes.ts';
import { connectedAccountEndpoints } from './oauth/connected-account-routes.ts';
import { oauthProviderEndpoints } from './oauth/oauth-provider-routes.ts';
import { providerSignInEndpoints } from './oauth/sign-in-routes.ts';
import { tokenEndpoints } from './oauth/token-routes.ts';
import { paymentEndpoints } from './payments/routes.ts';
import { permissionDefinitionEndpoints } from './permissions/definition-routes.ts';
import { permissionEndpoints } from './permissions/permission-routes.ts';
import { keySetEndpoints } from './projects/key-set-routes.ts';
import { projectEndpoints } from './projects/routes.ts';
import { serverInfoEndpoints } from './server-info/routes.ts';
import { sessionEndpoints } from './sessions/routes.ts';
import { invitationEndpoints } from './teams/invitation-routes.ts';
import { membershipEndpoints } from './teams/membership-routes.ts';
import { profileEndpoints } from './teams/profile-routes.ts';
import { teamEndpoints } from './teams/team-routes.ts';
import { userEndpoints } from './users/routes.ts';
import { webhookEndpoints } from './webhooks/routes.ts';
import type { Endpoint } from './wire/endpoint.ts';

/** Every endpoint below /api/v1 (and, the same, /api/latest). */
export const endpoints: readonly Endpoint[] = [
  ...sessionEndpoints,
  ...providerSignInEndpoints,
  ...tokenEndpoints,
  ...connectedAccountEndpoints,
  ...oauthProviderEndpoints,
  ...userEndpoints,
  ...contactChannelEndpoints,
  ...projectEndpoints,
  ...keySetEndpoints,
  ...configEndpoints,
  ...serverInfoEndpoints,
  ...emailEndpoints,
  ...teamEndpoints,
  ...membershipEndpoints,
  ...profileEndpoints,
  ...invitationEndpoints,
  ...permissionEndpoints,
  ...permissionDefinitionEndpoints,
  ...emailAdminEndpoints,
  ...webhookEndpoints,
  ...apiKeyEndpoints,
  ...dataVaultEndpoints,
  ...eventEndpoints,
  ...paymentEndpoints,
];
