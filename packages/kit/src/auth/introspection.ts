import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { requestJson } from '../http.ts';
import type { IntrospectAnswer, IntrospectQuestion } from '../wire/authenticate.ts';
import { Lru } from './lru.ts';

export const introspectionLimits = {
  answersMax: 10_000,
  timeoutMs: 3_000,
  positiveMs: 10_000,
  negativeMs: 2_000,
  /** With the key owner down, a positive answer is believed this long. */
  staleMsMax: 60_000,
} as const;

const answerSchema = z.object({
  project: z.object({ id: z.string(), display_name: z.string(), require_publishable_client_key: z.boolean() }).nullable(),
  branch_exists: z.boolean(),
  tenancy_id: z.string().nullable(),
  publishable_client_key_valid: z.boolean().nullable(),
  secret_server_key_valid: z.boolean().nullable(),
  super_secret_admin_key_valid: z.boolean().nullable(),
  admin_user_is_owner: z.boolean().nullable().default(null),
});

type Known = { answer: IntrospectAnswer; atMs: number; isPositive: boolean };

/**
 * Asks the owner of project keys (`POST <owner>/service/introspect`, with the service's token) what a project's keys are worth. Answers
 * are kept 10 s when everything asked about is valid, 2 s otherwise; one question at a time for the same keys. Throws UNAVAILABLE when the
 * owner is silent and no positive answer of the last minute is known. Keys are kept as hashes only.
 */
export function createIntrospection(options: {
  keyOwnerUrl: string;
  serviceToken: string;
  now?: () => number;
}): (question: IntrospectQuestion) => Promise<IntrospectAnswer> {
  const now = options.now ?? (() => performance.now());
  const answers = new Lru<string, Known>(introspectionLimits.answersMax);
  const asking = new Map<string, Promise<IntrospectAnswer>>();

  async function ask(question: IntrospectQuestion, key: string): Promise<IntrospectAnswer> {
    const answer = await requestAnswer(question, options);
    answers.set(key, { answer, atMs: now(), isPositive: isPositive(answer) });
    return answer;
  }

  function askOnce(question: IntrospectQuestion, key: string): Promise<IntrospectAnswer> {
    const running = asking.get(key);
    if (running !== undefined) return running;
    const started = ask(question, key).finally(() => asking.delete(key));
    asking.set(key, started);
    return started;
  }

  return async (question) => {
    const key = createHash('sha256').update(JSON.stringify(question)).digest('base64');
    const known = answers.get(key);
    const ageMs = known === undefined ? Infinity : now() - known.atMs;
    if (known !== undefined && ageMs < (known.isPositive ? introspectionLimits.positiveMs : introspectionLimits.negativeMs))
      return known.answer;
    try {
      return await askOnce(question, key);
    } catch (error) {
      if (known?.isPositive === true && ageMs < introspectionLimits.staleMsMax) return known.answer;
      throw error;
    }
  };
}

/** Nothing asked about was refused. */
function isPositive(answer: IntrospectAnswer): boolean {
  const verdicts = [
    answer.publishable_client_key_valid,
    answer.secret_server_key_valid,
    answer.super_secret_admin_key_valid,
    answer.admin_user_is_owner,
  ];
  return answer.project !== null && answer.branch_exists && verdicts.every((verdict) => verdict !== false);
}

async function requestAnswer(
  question: IntrospectQuestion,
  options: { keyOwnerUrl: string; serviceToken: string },
): Promise<IntrospectAnswer> {
  const answer = await requestJson(`${options.keyOwnerUrl}/service/introspect`, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.serviceToken}` },
    body: question,
    timeoutMs: introspectionLimits.timeoutMs,
  });
  const parsed = answerSchema.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success)
    throw new AppError('UNAVAILABLE', { message: `the key owner answered ${answer.status} to an introspection` });
  return parsed.data;
}
