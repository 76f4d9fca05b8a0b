export type RestrictedReason = { type: 'anonymous' | 'email_not_verified' | 'restricted_by_administrator' };

/** Why a user may not use the project fully, or null. The first that applies is told. */
export function restrictedReason(user: {
  isAnonymous: boolean;
  restrictedByAdmin: boolean;
  primaryEmailVerified: boolean;
  requireEmailVerification: boolean;
}): RestrictedReason | null {
  if (user.isAnonymous) return { type: 'anonymous' };
  if (user.requireEmailVerification && !user.primaryEmailVerified) return { type: 'email_not_verified' };
  if (user.restrictedByAdmin) return { type: 'restricted_by_administrator' };
  return null;
}
