import type { ProjectConfig } from '../projects/project-config.ts';
import type { Auth } from './authenticate.ts';

/** The branch of the project a request is for: what codes and settings belong to. */
export function branchOf(auth: Auth): { projectId: string; branchId: string } {
  return { projectId: auth.project.id, branchId: auth.branchId };
}

/** Whose users and teams a request is about, with the settings that decide what may be done. */
export function tenancyOf(auth: Auth): { tenancyId: string; projectId: string; config: ProjectConfig } {
  return { tenancyId: auth.tenancyId, projectId: auth.project.id, config: auth.project.config };
}
