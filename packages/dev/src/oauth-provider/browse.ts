/** Where following redirects ended. `url` is absolute; the page there was read, unless it lies outside the origins that are followed. */
export type Browsed = { url: string; status: number; text: string };

type Cookie = { origin: string; name: string; path: string; value: string };
const redirectsMax = 12;
const timeoutMs = 15_000;

/** A browser's worth of fetch: follows redirects and keeps cookies by host and path, as the provider and the callbacks rely on. */
export class Browser {
  readonly #cookies: Cookie[] = [];
  readonly #rewrite: (url: string) => string;

  /** `rewrite` sends a request elsewhere without the pages knowing, as a hosts file would. */
  constructor(rewrite: (url: string) => string = (url) => url) {
    this.#rewrite = rewrite;
  }

  /** Opens a page. Stops before a redirect to a URL that `isEnd` says is the app's own, and answers that URL with status 0. */
  async open(url: string, options: { form?: Record<string, string>; isEnd?: (url: string) => boolean } = {}): Promise<Browsed> {
    let form = options.form;
    for (let hops = 0, at = url; hops < redirectsMax; hops += 1) {
      const response = await fetch(this.#rewrite(at), {
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        headers: { cookie: this.#cookiesFor(at) },
        ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
      });
      this.#keep(at, response.headers.getSetCookie());
      const text = await response.text();
      const location = response.headers.get('location');
      if (location === null || response.status < 300 || response.status > 399) return { url: at, status: response.status, text };
      at = new URL(location, at).href;
      if (response.status !== 307 && response.status !== 308) form = undefined;
      if (options.isEnd?.(at) === true) return { url: at, status: 0, text: '' };
    }
    throw new Error(`more than ${redirectsMax} redirects from ${url}`);
  }

  #cookiesFor(url: string): string {
    const { hostname, pathname } = new URL(url);
    const fitting = this.#cookies.filter(({ origin, path }) => origin === hostname && pathname.startsWith(path));
    return fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #keep(url: string, lines: string[]): void {
    const { hostname, pathname } = new URL(url);
    for (const line of lines) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const [name = '', ...value] = pair.split('=');
      const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? pathname.replace(/\/[^/]*$/, '/');
      const former = this.#cookies.findIndex((cookie) => cookie.origin === hostname && cookie.name === name && cookie.path === path);
      if (former >= 0) this.#cookies.splice(former, 1);
      if (value.join('=') !== '') this.#cookies.push({ origin: hostname, name, path, value: value.join('=') });
    }
  }
}

/**
 * Opens an authorization URL, says at the provider's page who one is, and follows the way back until `isEnd`. `email` null: Cancel is
 * pressed. Throws when there is no page to sign in on.
 */
export async function signInAtProvider(
  browser: Browser,
  authorizationUrl: string,
  options: { email: string | null; isEnd: (url: string) => boolean },
): Promise<Browsed> {
  const page = await browser.open(authorizationUrl);
  const action = /action="(\/interaction\/[^"]+)"/.exec(page.text)?.[1];
  if (action === undefined) throw new Error(`no page to sign in on at ${page.url}: ${page.status} ${page.text.slice(0, 300)}`);
  const form: Record<string, string> = options.email === null ? { cancel: 'yes' } : { email: options.email };
  return browser.open(new URL(action, page.url).href, { form, isEnd: options.isEnd });
}
