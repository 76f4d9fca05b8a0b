import { requestJson } from '@atlas/kit/http';
import type { ContentsPort } from './contents.ts';

const timeoutMs = 1_500;

/** Asks the legacy's service API and the service's readiness page. A side that does not answer is null, and its gates are unknown. */
export function createHttpContents(options: { legacyUrl: string; extractedUrl: string; serviceToken: string }): ContentsPort {
  const headers = { authorization: `Bearer ${options.serviceToken}` };
  return {
    read: async () => {
      const [legacy, extracted] = await Promise.all([
        content(`${options.legacyUrl}/service/version`, headers),
        content(`${options.extractedUrl}/readyz`, {}),
      ]);
      return { legacy, extracted };
    },
  };
}

async function content(url: string, headers: Record<string, string>): Promise<string | null> {
  const answer = await requestJson(url, { headers, timeoutMs }).catch(() => null);
  const value = (answer?.body as { content?: unknown } | undefined)?.content;
  return answer?.status === 200 && typeof value === 'string' ? value : null;
}
