/** How an e-mail address is stored and compared. */
export function normalizeEmail(address: string): string {
  return address.trim().toLowerCase();
}
