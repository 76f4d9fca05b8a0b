import type { DoctorCheck, DryRun, GateResult, IntentReport, JournalEntry, SliceStatus, StatusReport } from '@atlas/contracts/control';
import type { ParkedEvent, VerifyReport } from '@atlas/contracts/flow';
import Table from 'cli-table3';

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const;
const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
};
const inner = { left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };

/** Everything a person sees on stdout; each answers whole text without the last line break. */
export function statusText(report: StatusReport): string {
  const lines = report.slices.map(statusLine);
  const away = report.gateways.filter((gateway) => !gateway.leased).map((gateway) => `gateway ${gateway.id} has no lease`);
  const mistakes = report.planMistakes.map(({ line, message }) => `migration-plan.md:${line} ${message}`);
  const flags = report.flags.problems.map((problem) => `flag: ${problem}`);
  return [...lines, ...away, ...mistakes, ...flags].join('\n') || 'no slice in the plan';
}

/** One honest line a slice; what it waits for and what to do follow in it. */
export function statusLine(slice: SliceStatus): string {
  const flow = slice.owner === 'legacy' ? slice.flows.f : slice.flows.r;
  const split = slice.phase === 'canary' ? ` ${slice.splitBasisPoints / 100} %` : '';
  const lag = flow.lagMs === null ? 'lag ?' : `lag ${flow.lagMs} ms (p99 ${flow.lagMsP99 ?? '?'})`;
  const facts = [
    `${slice.phase}${split}`,
    slice.move === null ? `owner ${slice.owner}` : `owner ${slice.owner}, ${slice.move}`,
    flow.healthy ? lag : `${lag}, not healthy: ${flow.reasons.join('; ') || 'no reason given'}`,
    verifiedText(slice),
    `parked ${slice.flows.f.parked + slice.flows.r.parked}`,
  ];
  const intent = slice.intent === null ? '' : `  wants ${slice.intent.want}: ${slice.intent.reason || slice.intent.state}`;
  return `${slice.slice}  ${facts.join(' · ')}${intent}  → ${slice.next}`;
}

function verifiedText({ evidence }: SliceStatus): string {
  const parity = evidence.find((row) => row.kind === 'parity');
  if (parity === undefined) return 'never verified';
  return `${parity.verdict === 'pass' ? 'verified' : 'DIFFERS, seen'} ${Math.round(parity.ageSeconds)} s ago`;
}

export function gatesText(gates: readonly GateResult[]): string {
  return gates
    .map((gate) => `  ${marks[gate.verdict]} ${gate.gate}: ${gate.value} (${gate.limit})${gate.why === '' ? '' : `: ${gate.why}`}`)
    .join('\n');
}

export function dryRunText(run: DryRun): string {
  const steps = run.steps.map((step, index) => `  ${index + 1}. ${step}`).join('\n');
  return `${run.slice} to ${run.want}, nothing was done:\n${steps || '  nothing to do'}\ngates of the first step now:\n${gatesText(run.gates) || '  none'}`;
}

export function intentText(intent: IntentReport): string {
  const timings = Object.entries(intent.timings).map(([step, ms]) => `${step} ${ms}`);
  const held = intent.heldMs === null ? [] : [`  held ${Math.round(intent.heldMs)} ms: ${timings.join(' · ')}`];
  const gates = intent.gates.length === 0 ? [] : [gatesText(intent.gates)];
  return [`${intent.slice} → ${intent.want}: ${intent.state}, ${intent.reason}`, ...held, ...gates].join('\n');
}

export function verifyText(report: VerifyReport): string {
  const head = `${report.verdict}: ${report.rows} rows compared in ${report.durationMs} ms, ${report.mismatchCount} differ`;
  return [head, ...report.mismatches.map((row) => `  ${row.table} ${row.pk} ${row.problem} ${row.columns.join(', ')}`)].join('\n');
}

export function parkedText(events: readonly ParkedEvent[]): string {
  return table(
    ['flow', 'tenant', 'seq', 'table', 'key', 'error'],
    events.map((each) => [each.flow, each.tenant, each.seq, each.table, each.pk, each.error]),
    'nothing is parked',
  );
}

export function journalText(entries: readonly JournalEntry[]): string {
  return table(
    ['seq', 'at', 'unit', 'kind', 'what'],
    entries.map((each) => [each.seq, each.at, `${each.slice}/${each.tenant}`, each.kind, short(each.payload)]),
    'no entries',
  );
}

export function doctorText(checks: readonly DoctorCheck[]): string {
  return checks
    .map((each) => `${marks[each.verdict]} ${each.check}: ${each.found}${each.verdict === 'pass' ? '' : `\n    fix: ${each.fix}`}`)
    .join('\n');
}

function table(head: string[], rows: (string | number)[][], empty: string): string {
  if (rows.length === 0) return empty;
  const text = new Table({ head, chars: { ...bare, ...inner }, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  text.push(...rows);
  return text.toString();
}

function short(payload: Record<string, unknown>): string {
  const text = JSON.stringify(payload);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}
