/** What the owner's database, the legacy's and the mailbox hold of this run. */
export type Facts = {
  /** Mail rows of the run by subject, the verification mails of its sign-ups and the mails of its invitations. */
  rows: { id: string; subject: string; userId: string | null; email: string | null }[];
  preferences: { userId: string; categoryId: string; enabled: boolean }[];
  /** Names of the run's teams, one for each row. */
  teams: string[];
  /** Of the users that clients deleted: who is there all the same, and whose preferences are. */
  deletedUsers: { stillThere: string[]; withPreferences: string[] };
  mails: { messageId: string | null; subject: string; to: string[] }[];
};

/** One thing that should not be, in words that lead to it. */
export type Finding = {
  kind: 'lost' | 'doubled' | 'unexplained' | 'stale' | 'failed' | 'mail-lost' | 'mail-doubled';
  text: string;
};
