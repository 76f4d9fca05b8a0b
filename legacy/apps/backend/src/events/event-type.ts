/** What the server itself tells of. An event also counts as the types it is told with. */
export type EventType =
  | '$project'
  | '$project-activity'
  | '$user-activity'
  | '$session-activity'
  | '$token-refresh'
  | '$api-request'
  | '$sign-up-rule-trigger'
  | '$legacy-api';
