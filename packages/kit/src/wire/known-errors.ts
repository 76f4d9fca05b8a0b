/** Why a user is restricted, as tokens and errors carry it. */
export type RestrictedReason = { type: 'anonymous' | 'email_not_verified' | 'restricted_by_administrator' };
export type AccessType = 'client' | 'server' | 'admin';

/** An error clients know by its code: JSON `{code, details?, error}` and header `x-stack-known-error`. */
export class KnownError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(status: number, code: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.name = 'KnownError';
    this.status = status;
    this.code = code;
    this.details = details;
  }

  /** The body as clients see it; the order of keys is part of the wire. */
  toJson(): { code: string; details?: Record<string, unknown>; error: string } {
    return { code: this.code, ...(this.details === undefined ? {} : { details: this.details }), error: this.message };
  }
}

/** An error clients know only by its status and text (`text/plain`). */
export class StatusError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'StatusError';
    this.status = status;
  }
}

const restApiDocs =
  'For more information, see the docs on REST API authentication: https://docs.stack-auth.com/rest-api/overview#authentication';

/** Every known error the extracted services raise. The texts are facts of the wire; a test compares them with the published package. */
export const knownErrors = {
  bodyParsing: (message: string) => new KnownError(400, 'BODY_PARSING_ERROR', message),
  schema: (message: string) => new KnownError(400, 'SCHEMA_ERROR', message, { message }),
  projectKeyWithoutAccessType: () =>
    new KnownError(
      400,
      'PROJECT_KEY_WITHOUT_ACCESS_TYPE',
      "Either an API key or an admin access token was provided, but the x-stack-access-type header is missing. Set it to 'client', 'server', or 'admin' as appropriate.",
    ),
  invalidAccessType: (given: string) =>
    new KnownError(
      400,
      'INVALID_ACCESS_TYPE',
      `The x-stack-access-type header must be 'client', 'server', or 'admin', but was '${given}'.`,
    ),
  accessTypeWithoutProjectId: (type: AccessType) =>
    new KnownError(
      400,
      'ACCESS_TYPE_WITHOUT_PROJECT_ID',
      `The x-stack-access-type header was '${type}', but the x-stack-project-id header was not provided.\n\n${restApiDocs}`,
      { request_type: type },
    ),
  accessTypeRequired: () =>
    new KnownError(
      400,
      'ACCESS_TYPE_REQUIRED',
      `You must specify an access level for this Stack project. Make sure project API keys are provided (eg. x-stack-publishable-client-key) and you set the x-stack-access-type header to 'client', 'server', or 'admin'.\n\n${restApiDocs}`,
    ),
  insufficientAccessType: (actual: AccessType, allowed: readonly AccessType[]) =>
    new KnownError(
      401,
      'INSUFFICIENT_ACCESS_TYPE',
      `The x-stack-access-type header must be ${allowed.map((type) => `'${type}'`).join(' or ')}, but was '${actual}'.`,
      { actual_access_type: actual, allowed_access_types: allowed },
    ),
  invalidPublishableClientKey: (projectId: string) => invalidKey('INVALID_PUBLISHABLE_CLIENT_KEY', 'publishable key', projectId),
  invalidSecretServerKey: (projectId: string) => invalidKey('INVALID_SECRET_SERVER_KEY', 'secret server key', projectId),
  invalidSuperSecretAdminKey: (projectId: string) => invalidKey('INVALID_SUPER_SECRET_ADMIN_KEY', 'super secret admin key', projectId),
  publishableClientKeyRequiredForProject: (projectId: string) =>
    new KnownError(
      401,
      'PUBLISHABLE_CLIENT_KEY_REQUIRED_FOR_PROJECT',
      'Publishable client keys are required for this project. Create one in Project Keys, or disable this requirement there to allow keyless client access.',
      { project_id: projectId },
    ),
  serverAuthenticationRequired: () => new KnownError(401, 'SERVER_AUTHENTICATION_REQUIRED', 'The secret server key must be provided.'),
  adminAuthenticationRequired: () => new KnownError(401, 'ADMIN_AUTHENTICATION_REQUIRED', 'The super secret admin key must be provided.'),
  unparsableAdminAccessToken: () => new KnownError(401, 'UNPARSABLE_ADMIN_ACCESS_TOKEN', 'Admin access token is not parsable.'),
  adminAccessTokenExpired: (expiredAt: Date) =>
    new KnownError(
      401,
      'ADMIN_ACCESS_TOKEN_EXPIRED',
      `Admin access token has expired. Please refresh it and try again. (The access token expired at ${expiredAt.toISOString()}.)`,
      { expired_at_millis: expiredAt.getTime() },
    ),
  invalidProjectForAdminAccessToken: () =>
    new KnownError(401, 'INVALID_PROJECT_FOR_ADMIN_ACCESS_TOKEN', 'Admin access tokens must be created on the internal project.'),
  adminAccessTokenIsNotAdmin: () =>
    new KnownError(
      401,
      'ADMIN_ACCESS_TOKEN_IS_NOT_ADMIN',
      'Admin access token does not have the required permissions to access this project.',
    ),
  unparsableAccessToken: () => new KnownError(401, 'UNPARSABLE_ACCESS_TOKEN', 'Access token is not parsable.'),
  accessTokenExpired: (token: { expiredAt: Date; projectId: string; userId: string; refreshTokenId: string }) =>
    new KnownError(
      401,
      'ACCESS_TOKEN_EXPIRED',
      `Access token has expired. Please refresh it and try again. (The access token expired at ${token.expiredAt.toISOString()}.) Project ID: ${token.projectId}. User ID: ${token.userId}. Refresh token ID: ${token.refreshTokenId}.\n\nDebug info: Most likely, you fetched the access token before it expired (for example, in a server component, pre-rendered page, or on page load), but then didn't refresh it before it expired. If this is the case, and you're using the SDK, make sure you call getAccessToken() every time you need to use the access token. If you're not using the SDK, make sure you refresh the access token with the refresh endpoint.`,
      {
        expired_at_millis: token.expiredAt.getTime(),
        project_id: token.projectId,
        user_id: token.userId,
        refresh_token_id: token.refreshTokenId,
      },
    ),
  invalidProjectForAccessToken: (expected: string, actual: string) =>
    new KnownError(
      401,
      'INVALID_PROJECT_FOR_ACCESS_TOKEN',
      `Access token not valid for this project. Expected project ID ${JSON.stringify(expected)}, but the token is for project ID ${JSON.stringify(actual)}.`,
      { expected_project_id: expected, actual_project_id: actual },
    ),
  anonymousAuthenticationNotAllowed: () =>
    new KnownError(
      401,
      'ANONYMOUS_AUTHENTICATION_NOT_ALLOWED',
      "X-Stack-Access-Token is for an anonymous user, but anonymous users are not enabled. Set the X-Stack-Allow-Anonymous-User header of this request to 'true' to allow anonymous users.",
    ),
  restrictedUserNotAllowed: (reason: RestrictedReason) =>
    new KnownError(
      403,
      'RESTRICTED_USER_NOT_ALLOWED',
      `The user in the access token is in restricted state. Reason: ${reason.type}. Please pass the X-Stack-Allow-Restricted-User header if this is intended.`,
      { restricted_reason: reason },
    ),
  currentProjectNotFound: (projectId: string) =>
    new KnownError(
      400,
      'CURRENT_PROJECT_NOT_FOUND',
      `The current project with ID ${projectId} was not found. Please check the value of the x-stack-project-id header.`,
      { project_id: projectId },
    ),
  branchDoesNotExist: (branchId: string) =>
    new KnownError(400, 'BRANCH_DOES_NOT_EXIST', `The branch with ID ${branchId} does not exist.`, { branch_id: branchId }),
  cannotGetOwnUserWithoutUser: () =>
    new KnownError(
      400,
      'CANNOT_GET_OWN_USER_WITHOUT_USER',
      "You have specified 'me' as a userId, but did not provide authentication for a user.",
    ),
  userAuthenticationRequired: () => new KnownError(401, 'USER_AUTHENTICATION_REQUIRED', 'User authentication required for this endpoint.'),
  userNotFound: () => new KnownError(404, 'USER_NOT_FOUND', 'User not found.'),
  userIdDoesNotExist: (userId: string) =>
    new KnownError(400, 'USER_ID_DOES_NOT_EXIST', `The given user with the ID ${userId} does not exist.`, { user_id: userId }),
  emailRenderingError: (error: string) =>
    new KnownError(400, 'EMAIL_RENDERING_ERROR', `Failed to render email with theme: ${error}`, { error }),
  emailNotEditable: (emailId: string, status: string) =>
    new KnownError(
      400,
      'EMAIL_NOT_EDITABLE',
      `Email with ID "${emailId}" cannot be edited because it is in status "${status}". Only emails in PAUSED, PREPARING, RENDERING, RENDER_ERROR, SCHEDULED, QUEUED, or SERVER_ERROR status can be edited.`,
      { email_id: emailId, status },
    ),
} as const;

function invalidKey(code: string, key: string, projectId: string): KnownError {
  const message = `The ${key} is not valid for the project ${JSON.stringify(projectId)}. Does the project and/or the key exist?`;
  return new KnownError(401, code, message, { project_id: projectId });
}
