import { config } from './config.ts';
import { database } from './database.ts';
import { errorFacts, log } from './log.ts';

const developmentKey = '-is-for-local-development-only';

/** Ends the process when it must not serve; a half-started server would look healthy. */
export async function assertReadyToStart(): Promise<void> {
  try {
    const { environment } = config();
    if (environment === 'production') await assertNoDevelopmentKeys();
    log('info', 'started', { environment });
  } catch (error) {
    log('error', 'refused to start', errorFacts(error));
    process.exit(1);
  }
}

/** Everyone knows the seeded keys. */
export async function assertNoDevelopmentKeys(): Promise<void> {
  const isSeeded = { endsWith: developmentKey };
  const seeded = await database().apiKeySet.findFirst({
    where: { OR: [{ publishableClientKey: isSeeded }, { secretServerKey: isSeeded }, { superSecretAdminKey: isSeeded }] },
    select: { id: true },
  });
  if (seeded !== null) throw new Error('the database has the development keys of prisma/seed.ts; a production server refuses them');
}
