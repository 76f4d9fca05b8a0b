import { KnownError } from '@stackframe/stack-shared/dist/known-errors';
import { describe, expect, test } from 'vitest';
import { decideSignIn, type SignInFacts } from './decide-sign-in.ts';

const stranger: SignInFacts = {
  ownerId: null,
  email: { value: 'ada@example.com', isVerified: true },
  emailOwner: null,
  allowSignUp: true,
  mergeStrategy: 'link_method',
};
const ada = { userId: 'ada', isVerified: true };
const unverified = { value: 'ada@example.com', isVerified: false };

function outcome(facts: Partial<SignInFacts>): unknown {
  try {
    return decideSignIn({ ...stranger, ...facts });
  } catch (error) {
    if (!KnownError.isKnownError(error)) throw error;
    return [
      error.errorCode,
      (error.details as { would_work_if_email_was_verified?: boolean } | undefined)?.would_work_if_email_was_verified,
    ];
  }
}

const taken = 'CONTACT_CHANNEL_ALREADY_USED_FOR_AUTH_BY_SOMEONE_ELSE';

describe('who comes from a provider', () => {
  test.each<[string, Partial<SignInFacts>, unknown]>([
    ['is the owner of the account, whoever has the address', { ownerId: 'o', emailOwner: ada }, { kind: 'sign-in', userId: 'o' }],
    ['is the owner, also where signing up is off', { ownerId: 'o', allowSignUp: false }, { kind: 'sign-in', userId: 'o' }],
    ['is somebody new', {}, { kind: 'sign-up', usedForAuth: true }],
    ['is somebody new without an address', { email: null }, { kind: 'sign-up', usedForAuth: true }],
    ['may not be new where signing up is off', { allowSignUp: false }, ['SIGN_UP_NOT_ENABLED', undefined]],
    ['is who has the address, both verified', { emailOwner: ada, allowSignUp: false }, { kind: 'merge', userId: 'ada' }],
    ['is nobody while the address there is not verified', { emailOwner: { ...ada, isVerified: false } }, [taken, true]],
    ['is nobody while the provider has not verified it', { emailOwner: ada, email: unverified }, [taken, false]],
    ['is nobody under raise_error', { emailOwner: ada, mergeStrategy: 'raise_error' }, [taken, false]],
    [
      'is somebody new under allow_duplicates, who cannot use the address to sign in',
      { emailOwner: ada, mergeStrategy: 'allow_duplicates' },
      { kind: 'sign-up', usedForAuth: false },
    ],
  ])('%s', (_name, facts, expected) => {
    expect(outcome(facts)).toEqual(expected);
  });
});
