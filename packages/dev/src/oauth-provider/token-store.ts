import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = { model: string; id: string; payload: AdapterPayload; expiresAt: number };

/** What the provider remembers: sessions, codes, grants, tokens. Bounded: the oldest entries go first. */
export class TokenStore {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;
  readonly #clock: () => number;

  constructor(options: { entriesMax: number; clock?: () => number }) {
    this.#max = options.entriesMax;
    this.#clock = options.clock ?? Date.now;
  }

  /** The view that oidc-provider wants of one model. */
  adapter = (model: string): Adapter => {
    const key = (id: string) => `${model}:${id}`;
    return {
      upsert: async (id, payload, expiresInSeconds) =>
        this.#put(key(id), { model, id, payload, expiresAt: this.#expiry(expiresInSeconds) }),
      find: async (id) => this.#live(this.#entries.get(key(id))),
      findByUid: async (uid) => this.#first((entry) => entry.model === model && entry.payload.uid === uid),
      findByUserCode: async (userCode) => this.#first((entry) => entry.model === model && entry.payload.userCode === userCode),
      consume: async (id) => {
        const payload = this.#live(this.#entries.get(key(id)));
        if (payload !== undefined) payload['consumed'] = Math.floor(this.#clock() / 1000);
      },
      destroy: async (id) => void this.#entries.delete(key(id)),
      revokeByGrantId: async (grantId) => void this.#remove(({ payload }) => payload.grantId === grantId),
    };
  };

  /** Forgets all that an account granted, and its sessions. Answers how many entries there were. */
  revokeAccount(accountId: string): number {
    return this.#remove(({ payload }) => payload.accountId === accountId);
  }

  get size(): number {
    return this.#entries.size;
  }

  #put(key: string, entry: Entry): void {
    this.#entries.delete(key); // so that it stands last: what is used stays
    this.#entries.set(key, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > this.#max && oldest !== undefined) this.#entries.delete(oldest);
  }

  #expiry(seconds: number | undefined): number {
    return seconds === undefined ? Number.POSITIVE_INFINITY : this.#clock() + seconds * 1000;
  }

  #live(entry: Entry | undefined): AdapterPayload | undefined {
    return entry !== undefined && entry.expiresAt > this.#clock() ? entry.payload : undefined;
  }

  #first(isWanted: (entry: Entry) => boolean): AdapterPayload | undefined {
    for (const entry of this.#entries.values()) if (isWanted(entry)) return this.#live(entry);
    return undefined;
  }

  #remove(isDoomed: (entry: Entry) => boolean): number {
    const doomed = [...this.#entries].filter(([, entry]) => isDoomed(entry));
    for (const [key] of doomed) this.#entries.delete(key);
    return doomed.length;
  }
}
