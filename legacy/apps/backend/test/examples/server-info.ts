import type { Examples } from '../example.ts';

export const serverInfoExamples: Examples = {
  'GET /': { isAlone: true, make: async () => ({}) },
  'POST /check-version': { isAlone: true, make: async () => ({ body: { clientVersion: '1.0.0' } }) },
  'POST /check-feature-support': { isAlone: true, make: async () => ({ body: { featureName: 'something' } }) },
  'GET /internal/backend-urls': { isAlone: true, make: async () => ({}) },
};
