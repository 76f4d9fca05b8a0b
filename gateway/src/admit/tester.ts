import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Side } from '@atlas/contracts/ledger';

/** What `x-gw-tester` and `x-gw-override` of a request are worth. */
export type Tester = { isTester: boolean; override: Side | undefined };

/** Makes the check of the testers' secret. Digests of equal length are compared, so the time taken tells nothing. No secret: no testers. */
export function createTesterCheck(secret: string | undefined): (headers: IncomingHttpHeaders) => Tester {
  if (secret === undefined) return () => ({ isTester: false, override: undefined });
  const expected = digest(secret);
  return (headers) => {
    const given = headers['x-gw-tester'];
    if (typeof given !== 'string' || !timingSafeEqual(digest(given), expected)) return { isTester: false, override: undefined };
    const wish = headers['x-gw-override'];
    return { isTester: true, override: wish === 'legacy' || wish === 'extracted' ? wish : undefined };
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
