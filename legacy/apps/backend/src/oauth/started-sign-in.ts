import { randomUUID } from 'node:crypto';
import { generateRandomState } from 'oauth4webapi';
import { database } from '../database.ts';
import type { Prisma } from '../generated/prisma/client.ts';

/** A sign-in whose person is at the provider: everything its way back needs. Kept here, so that nothing of it can be changed on the way. */
export type StartedSignIn = {
  projectId: string;
  branchId: string;
  providerId: string;
  type: 'authenticate' | 'link';
  /** Who links, or the anonymous user that may become the one who signs in. */
  userId: string | null;
  /** What was asked of the provider, and proves to it that we asked. */
  scopes: string[];
  codeVerifier: string;
  /** The browser was sent by us and has a cookie that says so. */
  hasCookie: boolean;
  outer: OuterRequest;
};

/** What the project's client wants back. */
export type OuterRequest = {
  redirectUri: string;
  state: string;
  codeChallenge: string;
  codeChallengeMethod: CodeChallengeMethod;
  errorRedirectUrl: string | null;
  afterCallbackRedirectUrl: string | null;
};

export type CodeChallengeMethod = 'plain' | 'S256';

const lifeMillis = 10 * 60 * 1000;
/** So long one that came too late is still told so, where it came from. */
const rememberedMillis = 60 * 60 * 1000;
const cleanedAtOnce = 20;

/** Answers the state by which the provider's answer will be known. Cleans up after a few that never came back. */
export async function rememberSignIn(signIn: StartedSignIn): Promise<string> {
  const innerState = generateRandomState();
  const expiresAt = new Date(Date.now() + lifeMillis);
  const info: Prisma.InputJsonObject = signIn;
  await database().oAuthOuterInfo.create({ data: { id: randomUUID(), innerState, info, expiresAt } });
  await database().$executeRaw`
    delete from "OAuthOuterInfo" where "id" in (
      select "id" from "OAuthOuterInfo" where "expiresAt" < ${new Date(Date.now() - rememberedMillis)}
      order by "expiresAt" limit ${cleanedAtOnce} for update skip locked)`;
  return innerState;
}

/** Null when there is none, or it came back already. */
export async function findSignIn(innerState: string): Promise<{ signIn: StartedSignIn; isOver: boolean } | null> {
  const row = await database().oAuthOuterInfo.findUnique({ where: { innerState } });
  return row === null ? null : { signIn: row.info as StartedSignIn, isOver: row.expiresAt <= new Date() };
}

/** It comes back once: of two at the same time one gets false. */
export async function takeSignIn(innerState: string): Promise<boolean> {
  const { count } = await database().oAuthOuterInfo.deleteMany({ where: { innerState } });
  return count === 1;
}
