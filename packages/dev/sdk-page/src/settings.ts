/** Where the API is and which project this app belongs to, as the browser may know it. */
export type PageSettings = { baseUrl: string; projectId: string; publishableClientKey: string };

/** Read when a page is asked for: the build has none. Throws with the name of a setting that is missing. */
export function pageSettings(): PageSettings {
  return {
    baseUrl: required('SDK_PAGE_API_URL'),
    projectId: required('SDK_PAGE_PROJECT_ID'),
    publishableClientKey: required('SDK_PAGE_CLIENT_KEY'),
  };
}

/** The secret key of the app's server; it must never reach a browser. */
export function secretServerKey(): string {
  return required('SDK_PAGE_SERVER_KEY');
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}
