import { join } from 'node:path';
import { type AuditReport, audit, isDrained } from '../src/audit.ts';
import { demoClients } from '../src/demo/clients.ts';
import { Traffic } from '../src/demo/traffic.ts';
import { control, stack } from './shared-stack.ts';

const drainMsMax = 30_000;

/** Clients of one published SDK at a gentle rate while a test breaks things; `finish` says what they were promised and what is there. */
export class AuditedTraffic {
  readonly #run = `e2e${Date.now().toString(36)}`;
  readonly #folder = join(stack.folder, 'clients', this.#run);
  readonly #traffic: Traffic;

  constructor() {
    const gentle = { users: 4, mailsPerSecond: 4, preferencesPerSecond: 3, signUpsPerSecond: 0.25 };
    const clients = demoClients({ baseUrl: stack.urls.gateway, run: this.#run, folder: this.#folder });
    this.#traffic = new Traffic(clients.slice(0, 1).map((client) => ({ ...client, ...gentle })));
  }

  start(): Promise<void> {
    return this.#traffic.start();
  }

  get failed(): number {
    return this.#traffic.counts().failed;
  }

  /** Ends the clients, lets accepted mails arrive, and compares with the owner's database and the mailbox. */
  async finish(): Promise<AuditReport> {
    await this.#traffic.stop();
    const { owner } = await control.status();
    const databaseUrl = stack.urls.database(owner === 'legacy' ? 'legacy' : 'notifications', 'postgres');
    const legacyDatabaseUrl = stack.urls.database('legacy', 'postgres');
    const look = () =>
      audit({ records: this.#folder, run: this.#run, owner, databaseUrl, legacyDatabaseUrl, mailboxUrl: stack.urls.mailbox });
    const deadline = performance.now() + drainMsMax;
    let report = await look();
    while (!isDrained(report) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      report = await look();
    }
    return report;
  }
}
