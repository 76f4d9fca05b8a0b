/** Ids of the definitions that a run makes in its project. */
export const teamPermission = 'compat_team';
export const projectPermission = 'compat_project';
