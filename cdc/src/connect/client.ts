import { AppError } from '@atlas/kit/errors';
import { requestJson } from '@atlas/kit/http';
import type { ConnectorConfig } from './connector.ts';

const timeoutMs = 10_000;

/** State of one connector and its task, as REST says it (which may lag behind by 30 s: never the only sign of health). */
export type ConnectorStatus = { state: string; version: string; trace: string | null };

/** Kafka Connect's REST API, as far as cdc needs it. */
export class ConnectClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Null when there is no such connector. */
  async config(name: string): Promise<ConnectorConfig | null> {
    const { status, body } = await requestJson(`${this.#url}/connectors/${name}/config`, { timeoutMs });
    if (status === 404) return null;
    this.#assertOk(status, body, `read connector ${name}`);
    return body as ConnectorConfig;
  }

  async put(name: string, config: ConnectorConfig): Promise<void> {
    const { status, body } = await requestJson(`${this.#url}/connectors/${name}/config`, { method: 'PUT', body: config, timeoutMs });
    this.#assertOk(status, body, `create connector ${name}`);
  }

  async delete(name: string): Promise<void> {
    const { status, body } = await requestJson(`${this.#url}/connectors/${name}`, { method: 'DELETE', timeoutMs });
    if (status !== 404) this.#assertOk(status, body, `delete connector ${name}`);
  }

  async status(name: string): Promise<ConnectorStatus> {
    const { status, body } = await requestJson(`${this.#url}/connectors/${name}/status`, { timeoutMs });
    if (status === 404) return { state: 'MISSING', version: '', trace: null };
    this.#assertOk(status, body, `read the status of ${name}`);
    const { connector, tasks } = body as {
      connector: { state: string; version?: string };
      tasks: { state: string; trace?: string; version?: string }[];
    };
    const task = tasks[0];
    const state = connector.state === 'RUNNING' ? (task?.state ?? 'UNASSIGNED') : connector.state;
    return { state, version: task?.version ?? connector.version ?? '', trace: task?.trace ?? null };
  }

  /** Starts failed tasks again. */
  async restartFailed(name: string): Promise<void> {
    const { status, body } = await requestJson(`${this.#url}/connectors/${name}/restart?includeTasks=true&onlyFailed=true`, {
      method: 'POST',
      timeoutMs,
    });
    this.#assertOk(status, body, `restart ${name}`);
  }

  #assertOk(status: number, body: unknown, what: string): void {
    if (status >= 200 && status < 300) return;
    throw new AppError('UNAVAILABLE', {
      message: `Kafka Connect refused to ${what}: ${status} ${(JSON.stringify(body) ?? 'no body').slice(0, 500)}`,
    });
  }
}
