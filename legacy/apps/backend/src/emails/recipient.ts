/** Who gets a mail: a user wherever its primary address is then, a user at given addresses, or addresses of nobody in particular. */
export type Recipient =
  | { type: 'user-primary-email'; user_id: string }
  | { type: 'user-custom-emails'; user_id: string; emails: string[] }
  | { type: 'custom-emails'; emails: string[] };
