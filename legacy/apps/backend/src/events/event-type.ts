/** What the server itself tells of. `$legacy-api` and `$api-request` are kept for clients that filter by them; nothing here makes them. */
export type EventType =
  | '$project'
  | '$project-activity'
  | '$user-activity'
  | '$session-activity'
  | '$token-refresh'
  | '$api-request'
  | '$sign-up-rule-trigger'
  | '$legacy-api';
