import { hash, parseOptions, verify } from '@node-rs/bcrypt';
import { KnownErrors } from '@stackframe/stack-shared/dist/known-errors';
import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';

const cost = 10;
const charactersMin = 8;
const charactersMax = 70;
const importedCostMax = 16;
/** Compared with when there is no hash, so that it takes as long. Its result is never used. */
const nobodysHash = '$2b$10$bQMRIYBoRJ3gqC6wLEgM2OhzyzTHqbBT29qmkwhZw0M0pVASV2vNy';

/** Throws PASSWORD_TOO_SHORT or PASSWORD_TOO_LONG. */
export function assertPasswordAllowed(password: string): void {
  if (password.length < charactersMin) throw new KnownErrors.PasswordTooShort(charactersMin);
  if (password.length > charactersMax) throw new KnownErrors.PasswordTooLong(charactersMax);
}

export function hashPassword(password: string): Promise<string> {
  return hash(password, { cost });
}

/** Whether the password is right. Without a hash (no such user) it works as long, and answers false. */
export async function isPasswordRight(password: string, passwordHash: string | null): Promise<boolean> {
  const isRight = await verify(password, passwordHash ?? nobodysHash);
  return passwordHash !== null && isRight;
}

/** A hash made elsewhere: bcrypt, and not so costly that checking it would be an attack. */
export function assertPasswordHashImportable(passwordHash: string): void {
  const hashCost = bcryptCost(passwordHash);
  if (hashCost === null) throw new StatusError(400, 'Invalid password hash. Make sure it is a bcrypt hash in Modular Crypt Format.');
  if (hashCost > importedCostMax) throw new StatusError(400, `Invalid password hash. Make sure it has at most ${importedCostMax} rounds.`);
}

function bcryptCost(passwordHash: string): number | null {
  try {
    return /^\$2[aby]\$/.test(passwordHash) ? parseOptions(passwordHash).cost : null;
  } catch {
    return null;
  }
}
