import type { Examples } from '../example.ts';

export const webhookExamples: Examples = {
  'POST /webhooks/svix-token': { isAlone: true, make: async () => ({ body: {} }) },
};
