import { AppError, errorText } from '@atlas/kit/errors';
import type { LedgerClient } from '@atlas/kit/ledger';
import type { Logger } from '@atlas/kit/logger';
import { compileTable, emptyTable, type RouteTable } from './route-table.ts';

/** The route table in force. Follows the plan the ledger client has; a plan with mistakes is refused and the last good table stays. */
export class Tables {
  #ledger: LedgerClient;
  #upstreams: ReadonlySet<string>;
  #log: Logger;
  #current: RouteTable = emptyTable;

  constructor(options: { ledger: LedgerClient; upstreams: ReadonlySet<string>; log: Logger }) {
    this.#ledger = options.ledger;
    this.#upstreams = options.upstreams;
    this.#log = options.log;
  }

  get current(): RouteTable {
    return this.#current;
  }

  /** Takes in the plan if its revision is a new one. */
  follow(): void {
    const plan = this.#ledger.plan();
    const revision = this.#ledger.view()?.planRevision;
    if (plan === null || revision === undefined || revision === this.#current.revision) return;
    try {
      this.#current = compileTable(plan, revision, this.#upstreams);
      this.#log.info({ revision: revision.toString(), slices: plan.slices.map((slice) => slice.slice) }, 'route table in force');
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#log.error(
        { revision: revision.toString(), error: errorText(error) },
        'plan refused, last route table stays: publish a corrected plan',
      );
    }
  }
}
