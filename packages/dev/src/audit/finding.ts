/** What the owner's database and the mailbox hold of this run. */
export type Facts = {
  /** Mail rows of the run by subject, and the verification mails of its sign-ups. */
  rows: { id: string; subject: string; userId: string | null; email: string | null }[];
  preferences: { userId: string; categoryId: string; enabled: boolean }[];
  mails: { messageId: string | null; subject: string; to: string[] }[];
};

/** One thing that should not be, in words that lead to it. */
export type Finding = {
  kind: 'lost' | 'doubled' | 'unexplained' | 'stale' | 'failed' | 'mail-lost' | 'mail-doubled';
  text: string;
};
