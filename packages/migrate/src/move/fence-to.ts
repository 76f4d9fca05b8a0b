import { sqlStates } from '@atlas/contracts/wire';
import { AppError } from '@atlas/kit/errors';
import { sqlState } from '@atlas/kit/postgres';
import type { Fence, SideDatabase, UnitKey } from '../ports/side.ts';

/**
 * Brings a side's fence to exactly this owner and epoch, with a marker in the same transaction; done already counts as done.
 * An epoch is taken once, so a stored fence that is exactly ours is ours, whatever became of the answer.
 * Throws FENCE_REFUSED when the fence is elsewhere (another move went past), else what the database said.
 */
export async function fenceTo(
  side: SideDatabase,
  unit: UnitKey,
  fence: Fence,
  options: { flow: string; waitMsMax: number },
): Promise<void> {
  try {
    await side.setOwnerAndMark(unit, fence, options);
  } catch (error) {
    const found = await side.fence(unit);
    if (found.owner === fence.owner && found.epoch === fence.epoch) return;
    if (sqlState(error) !== sqlStates.epochNotNewer) throw error;
    throw new AppError(
      'FENCE_REFUSED',
      { message: `fence of ${unit.slice}/${unit.tenant} is (${found.owner}, ${found.epoch}), wanted (${fence.owner}, ${fence.epoch})` },
      error,
    );
  }
}
