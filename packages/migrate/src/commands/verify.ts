import { verifyText } from './print.ts';
import type { Verb } from './verb.ts';

export function addVerify(verb: Verb): void {
  verb(
    'verify <slice>',
    'compares both databases while writers go on, and records what was found as evidence',
    async ({ open }, slice: string) => {
      const report = await (await open()).api.verify(slice);
      const isClean = report.verdict === 'clean';
      return {
        json: report,
        text: verifyText(report),
        code: isClean ? 0 : 1,
        next: isClean ? 'pnpm migrate status' : 'find who changed these rows; cdc repairs through the stream',
      };
    },
  );
}
