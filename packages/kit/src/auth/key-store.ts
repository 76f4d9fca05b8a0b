import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { AppError, errorText } from '../errors.ts';
import { requestJson } from '../http.ts';
import type { Logger } from '../logger.ts';
import { Lru } from './lru.ts';

export const keyStoreLimits = {
  projectsMax: 1_000,
  keysMax: 20,
  fetchesMax: 32,
  fetchTimeoutMs: 3_000,
  /** A used set of keys older than this is fetched anew in the background. */
  refreshAfterMs: 5 * 60_000,
  /** With the key owner down, keys are believed this long. */
  staleMsMax: 24 * 60 * 60_000,
  /** An unknown kid causes one fetch per project and audience in this time. */
  refetchMs: 30_000,
  /** Pause after a fetch that failed. */
  retryMs: 1_000,
} as const;

const keySet = z.object({
  keys: z
    .array(
      z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string().max(64), x: z.string().max(64), y: z.string().max(64) }),
    )
    .max(keyStoreLimits.keysMax),
});

type Project = {
  keys: Map<string, KeyObject>;
  fetchedAtMs: number;
  /** When an unknown kid of an audience last caused a fetch. */
  triedAtMs: Map<string, number>;
  fetching: Promise<void> | undefined;
  failure: { error: unknown; atMs: number } | undefined;
};

/** Public keys of token issuers by project. */
export type KeyStore = {
  /** The key, or undefined when its project has none of this kid. Throws UNAVAILABLE when that cannot be known because the owner is silent. */
  find(key: { projectId: string; audience: string; kid: string }): Promise<KeyObject | undefined>;
  /** Age of the oldest set in use, for metrics; 0 without any. */
  ageMsMax(): number;
};

/**
 * Keeps the keys that `GET <owner>/api/v1/projects/<id>/.well-known/jwks.json` publishes: one fetch at a time per project, refreshed in
 * the background, believed for 24 h when the owner is down. The first fetch of a project and audience is free; then one per 30 s.
 */
export function createKeyStore(options: { keyOwnerUrl: string; log: Logger; now?: () => number }): KeyStore {
  const now = options.now ?? (() => performance.now());
  const projects = new Lru<string, Project>(keyStoreLimits.projectsMax);
  let fetches = 0;

  async function fetchKeys(projectId: string, project: Project): Promise<void> {
    if (fetches >= keyStoreLimits.fetchesMax) throw new AppError('OVERLOADED', { message: 'too many fetches of signing keys at once' });
    fetches += 1;
    try {
      project.keys = await requestKeys(options.keyOwnerUrl, projectId);
      project.fetchedAtMs = now();
      project.failure = undefined;
    } catch (error) {
      project.failure = { error, atMs: now() };
      throw error;
    } finally {
      fetches -= 1;
    }
  }

  function fetchOnce(projectId: string, project: Project): Promise<void> {
    project.fetching ??= fetchKeys(projectId, project).finally(() => {
      project.fetching = undefined;
    });
    return project.fetching;
  }

  function refreshInBackground(projectId: string, project: Project): void {
    if (project.fetching !== undefined || isResting(project, now())) return;
    fetchOnce(projectId, project).catch((error) => options.log.warn({ projectId, error: errorText(error) }, 'signing keys not refreshed'));
  }

  async function fetchForUnknownKid(projectId: string, project: Project, audience: string): Promise<void> {
    if (project.fetching !== undefined) return project.fetching;
    if (isResting(project, now())) throw project.failure?.error;
    if (project.failure === undefined && now() - (project.triedAtMs.get(audience) ?? -Infinity) < keyStoreLimits.refetchMs) return;
    project.triedAtMs.set(audience, now());
    await fetchOnce(projectId, project);
  }

  return {
    ageMsMax: () => projects.values().reduce((oldest, project) => Math.max(oldest, finite(now() - project.fetchedAtMs)), 0),
    find: async ({ projectId, audience, kid }) => {
      const project = projects.get(projectId) ?? createProject();
      projects.set(projectId, project);
      const ageMs = now() - project.fetchedAtMs;
      if (ageMs < keyStoreLimits.staleMsMax && project.keys.has(kid)) {
        if (ageMs > keyStoreLimits.refreshAfterMs) refreshInBackground(projectId, project);
        return project.keys.get(kid);
      }
      if (ageMs >= keyStoreLimits.staleMsMax) project.keys = new Map();
      await fetchForUnknownKid(projectId, project, audience);
      return project.keys.get(kid);
    },
  };
}

function createProject(): Project {
  return { keys: new Map(), fetchedAtMs: -Infinity, triedAtMs: new Map(), fetching: undefined, failure: undefined };
}

/** After a failed fetch the owner is left alone for a moment. */
function isResting(project: Project, nowMs: number): boolean {
  return project.failure !== undefined && nowMs - project.failure.atMs < keyStoreLimits.retryMs;
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}

async function requestKeys(keyOwnerUrl: string, projectId: string): Promise<Map<string, KeyObject>> {
  const url = `${keyOwnerUrl}/api/v1/projects/${encodeURIComponent(projectId)}/.well-known/jwks.json?include_restricted=true&include_anonymous=true`;
  const answer = await requestJson(url, { timeoutMs: keyStoreLimits.fetchTimeoutMs });
  if (answer.status === 404) return new Map();
  const parsed = keySet.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success)
    throw new AppError('UNAVAILABLE', { message: `no signing keys from ${url}: ${answer.status}` });
  return new Map(parsed.data.keys.map((key) => [key.kid, createPublicKey({ format: 'jwk', key })]));
}
