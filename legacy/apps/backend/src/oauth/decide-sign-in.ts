import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import type { ProjectConfig } from '../projects/project-config.ts';

/** What is known when somebody comes from a provider to sign in. */
export type SignInFacts = {
  /** Who signs in with this very account, or null. */
  ownerId: string | null;
  /** Normalised. */
  email: { value: string; isVerified: boolean } | null;
  /** Who signs in with the same address, or null. */
  emailOwner: { userId: string; isVerified: boolean } | null;
  allowSignUp: boolean;
  mergeStrategy: ProjectConfig['auth']['oauth']['accountMergeStrategy'];
};

export type SignInDecision =
  | { kind: 'sign-in'; userId: string }
  | { kind: 'merge'; userId: string }
  | { kind: 'sign-up'; usedForAuth: boolean };

/**
 * Who that is: the account's owner, the owner of a verified address, or somebody new. Pure.
 * Throws CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE, SIGN_UP_NOT_ENABLED.
 */
export function decideSignIn(facts: SignInFacts): SignInDecision {
  if (facts.ownerId !== null) return { kind: 'sign-in', userId: facts.ownerId };
  const { emailOwner, email } = facts;
  if (emailOwner !== null && email !== null) {
    switch (facts.mergeStrategy) {
      case 'link_method':
        // Either side unproven, and whoever claims an address first would get into the other's account.
        if (emailOwner.isVerified && email.isVerified) return { kind: 'merge', userId: emailOwner.userId };
        throw emailTaken(email.value, email.isVerified);
      case 'raise_error':
        throw emailTaken(email.value, false);
      case 'allow_duplicates':
        break;
    }
  }
  if (!facts.allowSignUp) throw new KnownErrors.SignUpNotEnabled();
  return { kind: 'sign-up', usedForAuth: emailOwner === null };
}

function emailTaken(email: string, wouldWorkIfVerified: boolean): Error {
  return new KnownErrors.ContactChannelAlreadyUsedForAuthBySomeoneElse('email', email, wouldWorkIfVerified);
}
