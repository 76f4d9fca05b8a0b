import { adminUserProjectsCrud, projectsCrud } from '@stackframe/stack-shared/dist/interface/crud/projects';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { branchOf } from '../auth/branch-of.ts';
import { signedInUser } from '../auth/own-user.ts';
import { database } from '../database.ts';
import type { UserRow } from '../users/user.ts';
import { adminOnly, clientOnly, clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json } from '../wire/reply.ts';
import { configOf } from './config-layers.ts';
import { createProject, mainBranchLayers, type NewProject } from './create-project.ts';
import { deleteProject } from './delete-project.ts';
import { adminProject, clientProject } from './project.ts';
import { findProjectWithConfig, type ProjectChange, updateProject } from './update-project.ts';

const listedMax = 1_000;

export const projectEndpoints = [
  endpoint({
    method: 'GET',
    path: '/projects/current',
    access: clientOrHigher,
    handle: async ({ auth }) => json(200, clientProject(auth.project)),
  }),
  endpoint({
    method: 'GET',
    path: '/internal/projects',
    access: clientOnly,
    handle: async ({ auth }) => {
      const { tenancyId, projectUserId } = internalUser(auth);
      const teams = await database().teamMember.findMany({ where: { tenancyId, projectUserId }, select: { teamId: true } });
      const rows = await database().project.findMany({
        where: { ownerTeamId: { in: teams.map((team) => team.teamId) } },
        include: mainBranchLayers,
        orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
        take: listedMax,
      });
      return json(200, { items: rows.map((row) => adminProject(row, configOf(row))), is_paginated: false });
    },
  }),
  endpoint({
    method: 'POST',
    path: '/internal/projects',
    access: clientOnly,
    body: adminUserProjectsCrud.client.createSchema as unknown as AnySchema,
    handle: async ({ auth, body }) => {
      const row = await createProject(internalUser(auth), body as NewProject);
      return json(201, adminProject(row, configOf(row)));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/internal/projects/current',
    access: adminOnly,
    handle: async ({ auth }) => {
      const { row, config } = await findProjectWithConfig(branchOf(auth));
      return json(200, adminProject(row, config));
    },
  }),
  endpoint({
    method: 'PATCH',
    path: '/internal/projects/current',
    access: adminOnly,
    body: projectsCrud.admin.updateSchema as unknown as AnySchema,
    handle: async ({ auth, body }) => {
      const branch = branchOf(auth);
      const { row, config } = await updateProject(branch, body as ProjectChange);
      return json(200, adminProject(row, config));
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/internal/projects/current',
    access: adminOnly,
    handle: async ({ auth }) => {
      await deleteProject(auth.project.id);
      return json(200, { success: true });
    },
  }),
];

/** Projects are made by users of the project `internal` only. */
function internalUser(auth: Auth): UserRow {
  if (auth.project.id !== 'internal') throw new KnownErrors.ExpectedInternalProject();
  return signedInUser(auth);
}
