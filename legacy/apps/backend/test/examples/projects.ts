import type { Examples, RouteExample } from '../example.ts';
import { plantWorld, type World } from '../world.ts';

const keySet = {
  description: 'Keys',
  expires_at_millis: Date.now() + 1e9,
  has_publishable_client_key: true,
  has_secret_server_key: false,
  has_super_secret_admin_key: false,
};
const newKeySet = async (world: World) => String((await world.must('admin', 'POST', '/internal/api-keys', { body: keySet }))['id']);
const alone = (make: RouteExample['make']): RouteExample => ({ isAlone: true, make });
const atBranch = { params: { level: 'branch' } };

export const projectExamples: Examples = {
  'GET /projects/current': alone(async () => ({})),
  'GET /internal/projects/current': alone(async () => ({})),
  'PATCH /internal/projects/current': alone(async () => ({ body: { display_name: 'World', config: { magic_link_enabled: true } } })),
  // A project made for the call: the world is still needed.
  'DELETE /internal/projects/current': alone(async (world, access) => {
    if (access !== 'admin') return {};
    const { project } = await plantWorld(world.legacy);
    return { headers: { 'x-stack-project-id': project.id, 'x-stack-super-secret-admin-key': project.superSecretAdminKey } };
  }),
  'GET /internal/api-keys': alone(async () => ({})),
  'POST /internal/api-keys': alone(async () => ({ body: keySet })),
  'GET /internal/api-keys/:api_key_id': async (world) => ({ params: { api_key_id: await newKeySet(world) } }),
  'PATCH /internal/api-keys/:api_key_id': async (world) => ({ params: { api_key_id: await newKeySet(world) }, body: { revoked: true } }),
  'GET /internal/config': alone(async () => ({})),
  'GET /internal/config/override/:level': alone(async () => atBranch),
  'PUT /internal/config/override/:level': alone(async () => ({ ...atBranch, body: { config_string: '{}' } })),
  'PATCH /internal/config/override/:level': alone(async () => ({
    ...atBranch,
    body: { config_override_string: '{"auth.allowSignUp":true}' },
  })),
  'POST /internal/config/override/:level/reset-keys': alone(async () => ({ ...atBranch, body: { keys: ['auth.allowSignUp'] } })),
  'GET /internal/config/source': alone(async () => ({})),
  'DELETE /internal/config/source': alone(async () => ({})),
};
