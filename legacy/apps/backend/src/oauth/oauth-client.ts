import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { publishableClientKeyNotNecessarySentinel } from '@stackframe/stack-shared/dist/utils/oauth';
import { findProject } from '../projects/find-project.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** A project on one branch, as an OAuth client of this server. */
export type OAuthClient = { projectId: string; branchId: string; tenancyId: string; config: ProjectConfig };

const noKeys = { publishableClientKey: null, secretServerKey: null, superSecretAdminKey: null };

/**
 * `client_id` is `<project id>` or `<project id>#<branch>`; the secret a publishable key, or the sentinel for none.
 * Throws INVALID_OAUTH_CLIENT_ID_OR_SECRET.
 */
export async function checkOAuthClient(clientId: string | undefined, secret: string | undefined): Promise<OAuthClient> {
  const [projectId, branchId = 'main'] = clientId?.split('#') ?? [];
  if (projectId === undefined || secret === undefined) throw new KnownErrors.InvalidOAuthClientIdOrSecret(clientId);
  const publishableClientKey = secret === publishableClientKeyNotNecessarySentinel ? null : secret;
  const project = await findProject(projectId, branchId, { ...noKeys, publishableClientKey });
  if (project === null || project.tenancyId === null) throw new KnownErrors.InvalidOAuthClientIdOrSecret(clientId);
  const isKeyMissing = publishableClientKey === null && project.config.project.requirePublishableClientKey;
  if (isKeyMissing || project.publishableClientKeyValid === false) throw new KnownErrors.InvalidOAuthClientIdOrSecret(clientId);
  return { projectId, branchId, tenancyId: project.tenancyId, config: project.config };
}

/** The client again, later in a sign-in that it started. Throws CURRENT_PROJECT_NOT_FOUND when it is gone. */
export async function findOAuthClient(projectId: string, branchId: string): Promise<OAuthClient> {
  const project = await findProject(projectId, branchId, noKeys);
  if (project === null || project.tenancyId === null) throw new KnownErrors.CurrentProjectNotFound(projectId);
  return { projectId, branchId, tenancyId: project.tenancyId, config: project.config };
}
