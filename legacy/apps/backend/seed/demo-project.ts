import { hash } from '@node-rs/bcrypt';
import type { Prisma, PrismaClient } from '../src/generated/prisma/client.ts';
import { defaultRoles } from '../src/projects/default-roles.ts';
import { seedUuid } from './identifiers.ts';

/** A project to try things in: the same ids and keys in every database; a production start refuses the keys. */
export const demoProject = {
  id: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0001',
  tenancyId: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0101',
  keySetId: '7d3f0a52-93a1-4c0b-8a57-3d9c5f1e0201',
  publishableClientKey: 'this-demo-project-publishable-client-key-is-for-local-development-only',
  secretServerKey: 'this-demo-project-secret-server-key-is-for-local-development-only',
  superSecretAdminKey: 'this-demo-project-super-secret-admin-key-is-for-local-development-only',
} as const;

export const demoUsers = 200;
export const demoTeams = 20;
const password = 'development-password';
const membersPerTeam = demoUsers / demoTeams;

/** Own keys of the development provider: shared ones would not hand out the provider's access tokens. */
const provider = (type: string) => ({
  type,
  isShared: false,
  clientId: 'MOCK',
  clientSecret: 'MOCK-SERVER-SECRET',
  allowSignIn: true,
  allowConnectedAccounts: true,
});

const config = {
  ...defaultRoles,
  'auth.password.allowSignIn': true,
  'auth.otp.allowSignIn': true,
  'auth.passkey.allowSignIn': true,
  'auth.oauth.providers': { github: provider('github'), google: provider('google') },
  'teams.allowClientTeamCreation': true,
  'users.allowClientUserDeletion': true,
  'domains.allowLocalhost': true,
  'apiKeys.enabled': { user: true, team: true },
  'dataVault.stores': { notes: { displayName: 'Notes' } },
  'rbac.permissions': {
    ...defaultRoles['rbac.permissions'],
    read_invoices: { scope: 'team', description: 'May read the invoices of the team', containedPermissionIds: {} },
    pay_invoices: { scope: 'team', description: 'May pay them', containedPermissionIds: { read_invoices: true } },
    beta_tester: { scope: 'project', description: 'Sees what is not finished', containedPermissionIds: {} },
  },
};

/** Writes the demo project when it is not there: 200 users in 20 teams. Its settings and keys are put right each time. */
export async function seedDemoProject(database: PrismaClient): Promise<void> {
  await seedProject(database);
  const where = { tenancyId: demoProject.tenancyId };
  if ((await database.projectUser.findFirst({ where, select: { projectUserId: true } })) !== null) return;
  const passwordHash = await hash(password, { cost: 10 });
  const rows = demoRows(passwordHash);
  await database.$transaction([
    database.projectUser.createMany({ data: rows.users }),
    database.contactChannel.createMany({ data: rows.channels }),
    database.authMethod.createMany({ data: rows.methods }),
    database.passwordAuthMethod.createMany({ data: rows.passwords }),
    database.team.createMany({ data: rows.teams }),
    database.teamMember.createMany({ data: rows.members }),
    database.teamMemberDirectPermission.createMany({ data: rows.teamPermissions }),
    database.projectUserDirectPermission.createMany({ data: rows.projectPermissions }),
  ]);
}

async function seedProject(database: PrismaClient): Promise<void> {
  const { id, tenancyId, keySetId, publishableClientKey, secretServerKey, superSecretAdminKey } = demoProject;
  const project = { displayName: 'Demo', description: 'A project to try things in' };
  await database.project.upsert({ where: { id }, create: { id, ...project }, update: project });
  const branch = { projectId: id, branchId: 'main' };
  await database.tenancy.upsert({ where: { projectId_branchId: branch }, create: { id: tenancyId, ...branch }, update: {} });
  await database.environmentConfigOverride.upsert({
    where: { projectId_branchId: branch },
    create: { ...branch, config },
    update: { config },
  });
  const keys = {
    description: 'Development keys',
    expiresAt: new Date('2099-12-31T23:59:59Z'),
    publishableClientKey,
    secretServerKey,
    superSecretAdminKey,
  };
  await database.apiKeySet.upsert({
    where: { projectId_id: { projectId: id, id: keySetId } },
    create: { projectId: id, id: keySetId, ...keys },
    update: keys,
  });
}

/** Every tenth user leads its team and may pay, the next may read; every fourth tries what is not finished. */
function demoRows(passwordHash: string) {
  const { tenancyId } = demoProject;
  const indexes = Array.from({ length: demoUsers }, (_, index) => index);
  const userOf = (index: number) => seedUuid('demo user', index);
  const teamOf = (index: number) => seedUuid('demo team', Math.floor(index / membersPerTeam));
  const permission = (index: number, permissionId: string) => ({
    tenancyId,
    id: seedUuid(`demo ${permissionId}`, index),
    projectUserId: userOf(index),
    permissionId,
  });
  const ranks = [
    ['team_admin', 'pay_invoices'],
    ['team_member', 'read_invoices'],
  ] as const;
  return {
    users: indexes.map((index) => ({ tenancyId, projectUserId: userOf(index), displayName: `Demo User ${index + 1}` })),
    channels: indexes.map((index) => ({
      tenancyId,
      projectUserId: userOf(index),
      id: seedUuid('demo channel', index),
      type: 'EMAIL' as const,
      value: `user${index + 1}@demo.example.com`,
      isPrimary: 'TRUE' as const,
      usedForAuth: 'TRUE' as const,
      isVerified: index % 3 !== 0,
    })),
    methods: indexes.map((index) => ({ tenancyId, id: seedUuid('demo method', index), projectUserId: userOf(index) })),
    passwords: indexes.map((index) => ({
      tenancyId,
      authMethodId: seedUuid('demo method', index),
      projectUserId: userOf(index),
      passwordHash,
    })),
    teams: Array.from({ length: demoTeams }, (_, index) => ({
      tenancyId,
      teamId: seedUuid('demo team', index),
      displayName: `Demo Team ${index + 1}`,
    })),
    members: indexes.map((index) => ({
      tenancyId,
      projectUserId: userOf(index),
      teamId: teamOf(index),
      isSelected: 'TRUE' as const,
    })),
    teamPermissions: indexes.flatMap((index): Prisma.TeamMemberDirectPermissionCreateManyInput[] => {
      const [role, extra] = ranks[index % membersPerTeam === 0 ? 0 : 1];
      const ids = index % membersPerTeam < 2 ? [role, extra] : [role];
      return ids.map((id) => ({ ...permission(index, id), teamId: teamOf(index) }));
    }),
    projectPermissions: indexes.filter((index) => index % 4 === 0).map((index) => permission(index, 'beta_tester')),
  };
}
