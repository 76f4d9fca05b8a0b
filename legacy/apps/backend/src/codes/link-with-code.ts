/** The page of the client's that takes the code, with the code. */
export function linkWithCode(callbackUrl: string, code: string): string {
  const link = new URL(callbackUrl);
  link.searchParams.set('code', code);
  return link.toString();
}
