import { z } from 'zod';
import { type FlagDefinition, flags } from './registry.ts';

/** Unleash's admin API, as an operator's console or script uses it. */
export type AdminOptions = { url: string; adminToken: string; environment?: string };

const project = 'default';
const timeoutMs = 5_000;

const strategyShape = z.object({ id: z.string(), name: z.string() });
const featureShape = z.object({
  name: z.string(),
  archived: z.boolean().optional(),
  environments: z.array(z.object({ name: z.string(), enabled: z.boolean(), strategies: z.array(strategyShape).optional() })),
});

/**
 * Asks for a value the way an operator does: gives the variant its whole weight and turns the flag on; null turns it off.
 * Throws when the flag is not registered, the value is none of its variants' kind, or Unleash refuses.
 */
export async function setFlag(options: AdminOptions, name: string, value: string | number | null): Promise<void> {
  const flag = flags.find((candidate) => candidate.name === name);
  if (flag === undefined) throw new Error(`no such flag: ${name}; flags are ${flags.map((each) => each.name).join(', ')}`);
  const admin = new Admin(options);
  if (value === null) return admin.turn(name, false);
  await admin.putVariants(flag, String(value));
  await admin.turn(name, true);
}

/** Makes what the registry has and Unleash has not. What an operator chose stays as it is: a second import changes nothing. */
export async function importRegistry(options: AdminOptions): Promise<{ created: string[]; kept: string[] }> {
  const admin = new Admin(options);
  const created: string[] = [];
  const kept: string[] = [];
  for (const flag of flags) {
    const isNew = await admin.ensureFlag(flag);
    (isNew ? created : kept).push(flag.name);
  }
  return { created, kept };
}

/** Variants with all weight on the chosen value. Unleash wants one `variable` variant, and a fixed one of 1000 leaves it 0. */
export function variantsFor(flag: FlagDefinition, value: string): object[] {
  const payload = (chosen: string) => ({ type: flag.payload, value: chosen });
  if (flag.payload === 'number')
    return [{ name: 'limit', weight: 1000, weightType: 'variable', stickiness: 'default', payload: payload(value) }];
  if (!flag.variants.includes(value)) throw new Error(`${flag.name} knows ${flag.variants.join(', ')}, not "${value}"`);
  return flag.variants.map((name) => ({
    name,
    weight: name === value ? 1000 : 0,
    weightType: name === value ? 'fix' : 'variable',
    stickiness: 'default',
    payload: payload(name),
  }));
}

class Admin {
  #options: AdminOptions;
  #environment: string;

  constructor(options: AdminOptions) {
    this.#options = options;
    this.#environment = options.environment ?? 'development';
  }

  async ensureFlag(flag: FlagDefinition): Promise<boolean> {
    const existing = await this.#send('GET', `/features/${flag.name}`, undefined, [200, 404]);
    const isNew = existing.status === 404;
    const about = { type: flag.kind, description: `${flag.purpose} Owner: ${flag.owner}.` };
    if (isNew) await this.#send('POST', '/features', { name: flag.name, ...about }, [201]);
    else await this.#send('PUT', `/features/${flag.name}`, about, [200]);
    if ((await this.#strategy(flag.name)) === undefined) await this.putVariants(flag, flag.variants[0] ?? '');
    return isNew;
  }

  async putVariants(flag: FlagDefinition, value: string): Promise<void> {
    const base = `/features/${flag.name}/environments/${this.#environment}/strategies`;
    const body = {
      name: 'flexibleRollout',
      title: 'Whole slice',
      constraints: [],
      parameters: { rollout: '100', stickiness: 'default', groupId: flag.name },
      variants: variantsFor(flag, value),
    };
    const strategy = await this.#strategy(flag.name);
    if (strategy === undefined) await this.#send('POST', base, body, [200]);
    else await this.#send('PUT', `${base}/${strategy.id}`, body, [200]);
  }

  async turn(name: string, isOn: boolean): Promise<void> {
    await this.#send('POST', `/features/${name}/environments/${this.#environment}/${isOn ? 'on' : 'off'}`, undefined, [200]);
  }

  async #strategy(name: string): Promise<z.infer<typeof strategyShape> | undefined> {
    const { body } = await this.#send('GET', `/features/${name}`, undefined, [200]);
    const environment = featureShape.parse(body).environments.find((each) => each.name === this.#environment);
    if (environment === undefined)
      throw new Error(`Unleash has no environment "${this.#environment}" for ${name}; set UNLEASH_ENVIRONMENT`);
    return environment.strategies?.[0];
  }

  async #send(method: string, path: string, body: unknown, expected: number[]): Promise<{ status: number; body: unknown }> {
    const url = `${this.#options.url}/api/admin/projects/${project}${path}`;
    const response = await fetch(url, {
      method,
      headers: { authorization: this.#options.adminToken, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await response.text();
    if (!expected.includes(response.status))
      throw new Error(`Unleash answered ${response.status} to ${method} ${path}: ${answer.slice(0, 300)}`);
    return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) };
  }
}
