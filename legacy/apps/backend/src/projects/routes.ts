import { randomUUID } from 'node:crypto';
import { internalApiKeysCreateInputSchema } from '@stackframe/stack-shared/dist/interface/crud/internal-api-keys';
import { adminUserProjectsCrud } from '@stackframe/stack-shared/dist/interface/crud/projects';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { yupMixed, yupObject } from '@stackframe/stack-shared/dist/schema-fields';
import { generateSecureRandomString } from '@stackframe/stack-shared/dist/utils/crypto';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';
import type { AnySchema } from 'yup';
import type { Auth } from '../auth/authenticate.ts';
import { database } from '../database.ts';
import type { ApiKeySet, Prisma } from '../generated/prisma/client.ts';
import type { UserRow } from '../users/user.ts';
import { adminOnly, clientOnly, clientOrHigher, endpoint } from '../wire/endpoint.ts';
import { json, text } from '../wire/reply.ts';
import { configOf, configSelect } from './config-layers.ts';
import { defaultRoles } from './default-roles.ts';
import { adminProject, type ConfigInput, clientProject, storedConfig } from './project.ts';

const mainBranch = 'main';
const { config: _projectLayer, ...layersOfMain } = configSelect(mainBranch);

type ProjectInput = {
  display_name: string;
  description?: string | null;
  is_production_mode?: boolean;
  owner_team_id: string;
  config?: ConfigInput;
};

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
      const user = internalUser(auth);
      const teams = await database().teamMember.findMany({ where: memberKey(user), select: { teamId: true } });
      const rows = await database().project.findMany({
        where: { ownerTeamId: { in: teams.map((team) => team.teamId) } },
        include: layersOfMain,
        orderBy: { createdAt: 'desc' },
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
      const row = await createProject(internalUser(auth), body as ProjectInput);
      return json(201, adminProject(row, configOf(row)));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/internal/api-keys',
    access: adminOnly,
    body: internalApiKeysCreateInputSchema.defined(),
    handle: async ({ auth, body }) => {
      const row = await database().apiKeySet.create({
        data: {
          projectId: auth.project.id,
          id: randomUUID(),
          description: body.description,
          expiresAt: new Date(Math.min(body.expires_at_millis, 8.64e15)),
          publishableClientKey: body.has_publishable_client_key ? `pck_${generateSecureRandomString()}` : null,
          secretServerKey: body.has_secret_server_key ? `ssk_${generateSecureRandomString()}` : null,
          superSecretAdminKey: body.has_super_secret_admin_key ? `sak_${generateSecureRandomString()}` : null,
        },
      });
      return json(200, createdKeySet(row));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/check-version',
    access: 'anyone',
    body: yupObject({ clientVersion: yupMixed<string>().optional() }).defined(),
    handle: async () => json(200, { upToDate: true }),
  }),
  endpoint({
    method: 'GET',
    path: '/',
    access: 'anyone',
    handle: async () => text(200, 'Welcome to the API. See https://docs.stack-auth.com for its documentation.'),
  }),
];

/** Projects are made by users of the project `internal` only. */
function internalUser(auth: Auth): UserRow {
  if (auth.project.id !== 'internal') throw new KnownErrors.ExpectedInternalProject();
  if (auth.user === undefined) throw new KnownErrors.UserAuthenticationRequired();
  return auth.user;
}

async function createProject(user: UserRow, input: ProjectInput) {
  const member = await database().teamMember.findUnique({
    where: { tenancyId_projectUserId_teamId: { ...memberKey(user), teamId: input.owner_team_id } },
    select: { teamId: true },
  });
  if (member === null) throw new StatusError(400, 'Invalid owner_team_id: the user is not a member of that team');
  return database().project.create({
    data: {
      id: randomUUID(),
      displayName: input.display_name,
      description: input.description ?? '',
      isProductionMode: input.is_production_mode ?? false,
      ownerTeamId: input.owner_team_id,
      tenancies: { create: { id: randomUUID(), branchId: mainBranch } },
      environmentConfigs: {
        create: { branchId: mainBranch, config: { ...defaultRoles, ...storedConfig(input.config ?? {}) } as Prisma.InputJsonObject },
      },
    },
    include: layersOfMain,
  });
}

function memberKey(user: UserRow) {
  return { tenancyId: user.tenancyId, projectUserId: user.projectUserId };
}

/** The only answer that ever shows the keys. */
function createdKeySet(row: ApiKeySet) {
  return {
    id: row.id,
    description: row.description,
    created_at_millis: row.createdAt.getTime(),
    expires_at_millis: row.expiresAt.getTime(),
    ...(row.publishableClientKey === null ? {} : { publishable_client_key: row.publishableClientKey }),
    ...(row.secretServerKey === null ? {} : { secret_server_key: row.secretServerKey }),
    ...(row.superSecretAdminKey === null ? {} : { super_secret_admin_key: row.superSecretAdminKey }),
  };
}
