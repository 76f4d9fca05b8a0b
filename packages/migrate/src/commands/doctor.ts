import { doctorText } from './print.ts';
import type { Verb } from './verb.ts';

export function addDoctor(verb: Verb): void {
  verb('doctor', 'checks everything a migration stands on, each with its fix', async ({ open }) => {
    const checks = await (await open()).api.doctor();
    const bad = checks.filter((check) => check.verdict !== 'pass');
    const text = `${doctorText(checks)}\n${checks.length - bad.length} of ${checks.length} checks passed`;
    return { json: checks, text, code: bad.length === 0 ? 0 : 1, next: bad[0]?.fix ?? 'pnpm migrate status' };
  });
}
