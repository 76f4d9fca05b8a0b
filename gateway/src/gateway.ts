import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { AppError, errorText } from '@atlas/kit/errors';
import { listenOn } from '@atlas/kit/http';
import { createAdminServer, createPublicServer } from './listeners.ts';
import { createParts, type GatewayDeps, obey, type Parts } from './parts.ts';

/** The whole gateway: both listeners and everything between them, from start to stop. */
export class Gateway {
  #deps: GatewayDeps;
  #parts: Parts;
  #public: { server: Server; websockets: Set<Duplex> };
  #admin: Server;

  constructor(deps: GatewayDeps) {
    this.#deps = deps;
    this.#parts = createParts(deps);
    this.#public = createPublicServer(deps, this.#parts);
    this.#admin = createAdminServer(deps, this.#parts);
  }

  /** Reads what to obey, then listens. */
  async start(): Promise<{ url: string; adminUrl: string }> {
    const { config, ledger, flags, log } = this.#deps;
    await mkdir(dirname(config.snapshotFile), { recursive: true });
    await this.#parts.pins.start();
    ledger.onChange(() => obey(this.#parts, ledger));
    await Promise.all([ledger.start(), flags.start()]);
    obey(this.#parts, ledger);
    this.#parts.shadow.start();
    const adminPort = await listenOn(this.#admin, { port: config.adminPort, host: config.adminHost });
    const port = await listenOn(this.#public.server, { port: config.port, host: config.host });
    this.#parts.admission.stage = 'serving';
    log.info({ port, adminPort, revision: ledger.view()?.revision.toString() }, 'gateway serves');
    return { url: `http://${config.host}:${port}`, adminUrl: `http://${config.adminHost}:${adminPort}` };
  }

  /** Leaves without a lost request: not ready → grace → `Connection: close` → until nothing is under way. */
  async stop(): Promise<void> {
    const { admission } = this.#parts;
    admission.stage = 'leaving';
    await new Promise((resolve) => setTimeout(resolve, this.#deps.config.drainGraceMs));
    admission.stage = 'closing';
    await this.#closePublic();
    await this.#stopParts();
    await new Promise<void>((resolve) => {
      this.#admin.close(() => resolve());
      this.#admin.closeAllConnections();
    });
  }

  async #closePublic(): Promise<void> {
    const { server, websockets } = this.#public;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await this.#parts.admission.idle();
    // With an error, so that the library ends the upstream's half too.
    for (const socket of websockets) socket.destroy(new AppError('DRAINING'));
    server.closeAllConnections();
    await closed;
  }

  async #stopParts(): Promise<void> {
    const { shadow, holds, positions, upstreams } = this.#parts;
    shadow.stop();
    holds.stop();
    for (const tracker of positions.all()) tracker.stop();
    // A lease that cannot be given back ends by itself: no reason to leave with an error.
    await this.#deps.ledger.stop().catch((error) => this.#deps.log.warn({ error: errorText(error) }, 'lease not given back'));
    await this.#deps.flags.stop();
    for (const upstream of Object.values(upstreams)) upstream.agent.destroy();
  }
}
