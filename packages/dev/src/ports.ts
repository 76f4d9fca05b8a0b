/** Last two digits of every port; the prefix goes before (`8102` is the gateway of prefix 81). */
export const portEndings = {
  gateway: '02',
  legacy: '03',
  notifications: '04',
  mailbox: '05',
  smtp: '06',
  gatewayAdmin: '07',
  migrate: '08',
  cdc: '09',
  unleash: '10',
  kafka: '11',
  kafkaController: '12',
  legacyWebhooks: '13',
  oauthProvider: '14',
  connect: '15',
  legacyWorker: '16',
  postgres: '28',
} as const;

export type PortName = keyof typeof portEndings;
export type Ports = Record<PortName, number>;

/** The setting that moves every port at once. */
export const prefixSetting = 'NEXT_PUBLIC_STACK_PORT_PREFIX';

/** All ports of one stack. `prefix` is 11 to 654, so that `<prefix><nn>` is a port that needs no privileges. */
export function portsOf(prefix: number): Ports {
  if (!Number.isInteger(prefix) || prefix < 11 || prefix > 654)
    throw new RangeError(`${prefixSetting} must be a whole number from 11 to 654, is ${prefix}`);
  const entries = Object.entries(portEndings).map(([name, ending]) => [name, Number(`${prefix}${ending}`)]);
  return Object.fromEntries(entries) as Ports;
}
