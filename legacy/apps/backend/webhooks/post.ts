import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { publicLookup } from './target.ts';

export type PostAnswer = { status: number; body: string };

const timeoutMs = 10_000;
const answerCharactersMax = 2_000;

/** Posts JSON once: no redirect is followed, ten seconds in all. Throws when there was no answer. */
export function post(url: string, headers: Record<string, string>, body: string, isDevelopment: boolean): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    const outgoing = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      signal: AbortSignal.timeout(timeoutMs),
      ...(isDevelopment ? {} : { lookup: publicLookup }),
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (text.length < answerCharactersMax) text = `${text}${chunk}`.slice(0, answerCharactersMax);
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text.replaceAll('\0', '') }));
    });
    outgoing.end(body);
  });
}
