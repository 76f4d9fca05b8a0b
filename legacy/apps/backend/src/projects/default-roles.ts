import { systemPermissions } from '../permissions/system-permissions.ts';

/** The roles a new project has, as settings: members read and invite, who makes a team may do everything. Projects change them as they like. */
export const defaultRoles = {
  'rbac.permissions': {
    team_member: {
      description: 'Default permission for team members',
      scope: 'team',
      containedPermissionIds: { $read_members: true, $invite_members: true },
    },
    team_admin: {
      description: 'Default permission for team admins',
      scope: 'team',
      containedPermissionIds: Object.fromEntries(Object.keys(systemPermissions).map((id) => [id, true])),
    },
  },
  'rbac.defaultPermissions': { teamCreator: { team_admin: true }, teamMember: { team_member: true }, signUp: {} },
};
