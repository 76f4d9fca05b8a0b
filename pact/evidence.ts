import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusReport } from '@atlas/contracts/control';
import type { Evidence } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import { parsePlan } from '@atlas/kit/plan';
import type { ProviderResult } from './providers/verify-provider.ts';

const slice = 'notifications';
const timeoutMs = 10_000;

/** Which builds run now: a contract verified on another build says nothing about them. */
export type RunningContents = { legacyContent: string; extractedContent: string };

export async function readContents(urls: { legacy: string; service: string; serviceToken: string }): Promise<RunningContents> {
  const headers = { authorization: `Bearer ${urls.serviceToken}` };
  const legacy = await requestJson(`${urls.legacy}/service/version`, { headers, timeoutMs });
  const service = await requestJson(`${urls.service}/readyz`, { timeoutMs });
  return { legacyContent: contentOf(legacy.body, 'the legacy'), extractedContent: contentOf(service.body, 'the service') };
}

/** Throws MOVE_REFUSED while the legacy does not own the slice: its writes are fenced, and a red result would be about the fence. */
export async function assertLegacyOwns(migrateUrl: string): Promise<void> {
  const { body } = await requestJson(`${migrateUrl}/status`, { timeoutMs });
  const unit = (body as StatusReport).slices.find((candidate) => candidate.slice === slice && candidate.tenant === '*');
  if (unit?.owner === 'legacy' && unit.move === null) return;
  const message = `the legacy does not own ${slice} now, so its writes cannot be verified. First: pnpm migrate reverse ${slice}`;
  throw new AppError('MOVE_REFUSED', { message });
}

/** Records what was found at the control plane, for as long as the plan lets it be believed. */
export async function postEvidence(migrateUrl: string, results: ProviderResult[], contents: RunningContents): Promise<Evidence> {
  const now = Date.now();
  const evidence: Evidence = {
    kind: 'pact',
    subject: slice,
    verdict: results.every((result) => result.verdict === 'pass') ? 'pass' : 'fail',
    value: { ...contents, providers: results },
    takenAt: new Date(now).toISOString(),
    expiresAt: new Date(now + maxAgeSeconds() * 1000).toISOString(),
  };
  const answer = await requestJson(`${migrateUrl}/evidence`, { method: 'POST', body: evidence, timeoutMs });
  if (answer.status !== 201) throw new AppError('UNAVAILABLE', { message: `the control plane answered ${answer.status} to the evidence` });
  return evidence;
}

function maxAgeSeconds(): number {
  const parsed = parsePlan(readFileSync(join(import.meta.dirname, '../migration-plan.md'), 'utf8'));
  if ('mistakes' in parsed) throw new AppError('PLAN_INVALID', { message: 'pnpm migrate plan lists what is wrong' });
  return parsed.plan.slices.find((candidate) => candidate.slice === slice)?.pact.maxAgeSeconds ?? 0;
}

function contentOf(body: unknown, who: string): string {
  const content = (body as { content?: unknown } | undefined)?.content;
  if (typeof content !== 'string') throw new AppError('UNAVAILABLE', { message: `${who} does not say which build it is` });
  return content;
}
