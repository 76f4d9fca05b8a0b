import type { IntentReport, JournalEntry, JournalReport, SliceStatus, StatusReport } from '@atlas/contracts/control';
import type { Phase } from '@atlas/contracts/ledger';
import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';

const timeoutMs = 10_000;
const pageMax = 1_000;

/** The control plane's API as a demo needs it: look, ask, read the journal. */
export class Control {
  readonly #url: string;
  readonly #slice: string;

  constructor(url: string, slice: string) {
    this.#url = url;
    this.#slice = slice;
  }

  async status(): Promise<SliceStatus> {
    const { body } = await this.#get('/status');
    const status = (body as StatusReport).slices.find((candidate) => candidate.slice === this.#slice && candidate.tenant === '*');
    if (status === undefined) throw new AppError('NOT_FOUND', { message: `the control plane knows no slice ${this.#slice}` });
    return status;
  }

  /** Asks as the CLI does, without a flag. Answers the intent's number. */
  async ask(want: Phase): Promise<number> {
    const body = { slice: this.#slice, want, source: 'demo' };
    const answer = await requestJson(`${this.#url}/intents`, { method: 'POST', body, timeoutMs });
    if (answer.status !== 202)
      throw new AppError('MOVE_REFUSED', { message: `the control plane answered ${answer.status}`, body: answer.body });
    return (answer.body as { id: number }).id;
  }

  async intent(id: number): Promise<IntentReport> {
    return (await this.#get(`/intents/${id}`)).body as IntentReport;
  }

  /** Sequence number of the journal's last entry: what comes later belongs to whoever asked. */
  async journalEnd(): Promise<string> {
    return (await this.journalAfter('0')).at(-1)?.seq ?? '0';
  }

  /** Entries after `seq`, oldest first. Throws VERIFY_FAILED when the chain of hashes is broken. */
  async journalAfter(seq: string): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = [];
    for (;;) {
      const { body } = await this.#get(`/journal?after=${entries.at(-1)?.seq ?? seq}&limit=${pageMax}`);
      const page = body as JournalReport;
      if (page.broken !== null) throw new AppError('VERIFY_FAILED', { message: `the journal is broken at ${page.broken}` });
      entries.push(...page.entries);
      if (page.entries.length < pageMax) return entries;
    }
  }

  async #get(path: string) {
    const answer = await requestJson(`${this.#url}${path}`, { timeoutMs });
    if (answer.status === 200) return answer;
    throw new AppError('UNAVAILABLE', { message: `the control plane answered ${answer.status} to ${path}`, body: answer.body });
  }
}
