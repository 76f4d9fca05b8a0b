/** Team permissions that every project has; the settings cannot change them. */
export const systemPermissions = {
  $update_team: 'Update the team information',
  $delete_team: 'Delete the team',
  $read_members: 'Read and list the other members of the team',
  $remove_members: 'Remove other members from the team',
  $invite_members: 'Invite other users to the team',
  $manage_api_keys: 'Create and manage API keys for the team',
} as const;

export type SystemPermission = keyof typeof systemPermissions;

export function isSystemPermission(id: string): id is SystemPermission {
  return Object.hasOwn(systemPermissions, id);
}
