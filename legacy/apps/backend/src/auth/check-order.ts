import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { RequestHeaders } from './request-headers.ts';

// The order of these checks is part of the wire: clients act on which error comes first.

export const accessTypes = ['client', 'server', 'admin'] as const;
export type AccessType = (typeof accessTypes)[number];

/** Before anything is looked up. Null when the request does not ask for access to a project. Throws the first refusal. */
export function checkHeaders(headers: RequestHeaders): { accessType: AccessType; projectId: string } | null {
  const keys = [
    headers.publishableClientKey,
    headers.secretServerKey,
    headers.superSecretAdminKey,
    headers.adminAccessToken,
    headers.developmentOverrideKey,
  ];
  const hasKey = keys.some((key) => key !== null);
  if (headers.accessType === null) {
    if (hasKey) throw new KnownErrors.ProjectKeyWithoutAccessType();
    return null;
  }
  const accessType = accessTypes.find((type) => type === headers.accessType);
  if (accessType === undefined) throw new KnownErrors.InvalidAccessType(headers.accessType);
  if (headers.projectId === null) throw new KnownErrors.AccessTypeWithoutProjectId(accessType);
  return { accessType, projectId: headers.projectId };
}

/** What the database knows of the request's project and keys; a key's validity is null when none was sent. */
export type ProjectFacts = {
  projectId: string;
  requirePublishableClientKey: boolean;
  publishableClientKeyValid: boolean | null;
  secretServerKeyValid: boolean | null;
  superSecretAdminKeyValid: boolean | null;
};

/** Whether the key fits the access type. Not asked when an admin access token stands in for the key. */
export function checkKeys(accessType: AccessType, facts: ProjectFacts): void {
  switch (accessType) {
    case 'client':
      if (facts.publishableClientKeyValid === null && facts.requirePublishableClientKey) {
        throw new KnownErrors.PublishableClientKeyRequiredForProject(facts.projectId);
      }
      if (facts.publishableClientKeyValid === false) throw new KnownErrors.InvalidPublishableClientKey(facts.projectId);
      return;
    case 'server':
      if (facts.secretServerKeyValid === null) throw new KnownErrors.ServerAuthenticationRequired();
      if (!facts.secretServerKeyValid) throw new KnownErrors.InvalidSecretServerKey(facts.projectId);
      return;
    case 'admin':
      if (facts.superSecretAdminKeyValid === null) throw new KnownErrors.AdminAuthenticationRequired();
      if (!facts.superSecretAdminKeyValid) throw new KnownErrors.InvalidSuperSecretAdminKey(facts.projectId);
  }
}
