import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../preflight.mjs';

const actionTimeoutMs = 30_000;
const passkey = {
  protocol: 'ctap2',
  transport: 'internal',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
} as const;

/** A person's browser: pages, a passkey in the machine, and what went wrong in its pages. */
export type PersonBrowser = { page: Page; errors: string[]; shoot(name: string): Promise<void>; close(): Promise<void> };

/**
 * Starts Debian's Chromium without a window. `reroute` sends one host and port to another, as a hosts file would. Nothing outside this
 * machine is asked for. With ATLAS_SCREENSHOTS set to a folder, `shoot` leaves a picture there.
 */
export async function openBrowser(options: { reroute?: { from: string; to: string } } = {}): Promise<PersonBrowser> {
  const { reroute } = options;
  const browser = await chromium.launch({
    executablePath: findChromium() ?? 'chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      ...(reroute === undefined ? [] : [`--host-resolver-rules=MAP ${reroute.from} ${reroute.to}`]),
    ],
  });
  const context = await browser.newContext();
  context.setDefaultTimeout(actionTimeoutMs);
  await stayOnThisMachine(context);
  const page = await context.newPage();
  await plugInPasskey(context, page);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  return { page, errors, shoot: (name) => shoot(page, name), close: () => browser.close() };
}

async function stayOnThisMachine(context: BrowserContext): Promise<void> {
  await context.route(
    (url) => url.protocol.startsWith('http') && !['localhost', '127.0.0.1'].includes(url.hostname),
    (route) => route.abort(),
  );
}

async function plugInPasskey(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  await session.send('WebAuthn.addVirtualAuthenticator', { options: { ...passkey, automaticPresenceSimulation: true } });
}

async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['ATLAS_SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
