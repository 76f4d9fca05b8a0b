import type { Examples } from '../examples.ts';

export const webhookExamples: Examples = {
  'POST /webhooks/svix-token': { isAlone: true, make: async () => ({ body: {} }) },
};
