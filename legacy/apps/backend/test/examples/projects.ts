import type { Examples } from '../example.ts';

export const projectExamples: Examples = {
  'GET /projects/current': { isAlone: true, make: async () => ({}) },
  'POST /check-version': { isAlone: true, make: async () => ({ body: { clientVersion: '1.0.0' } }) },
  'GET /': { isAlone: true, make: async () => ({}) },
  'POST /internal/api-keys': {
    isAlone: true,
    make: async () => ({
      body: {
        description: 'Keys',
        expires_at_millis: Date.now() + 1e9,
        has_publishable_client_key: true,
        has_secret_server_key: true,
        has_super_secret_admin_key: false,
      },
    }),
  },
};
