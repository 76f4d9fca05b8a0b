import { AppError } from '@atlas/kit/errors';
import type { SliceMapping } from './slices/mapping.ts';
import { notifications } from './slices/notifications.ts';

/** Every slice cdc keeps in step. A new slice is one file in `slices/` and one line here. */
export const slices: readonly SliceMapping[] = [notifications];

/** The mapping of a slice. Throws NOT_FOUND with the names there are. */
export function sliceByName(name: string): SliceMapping {
  const found = slices.find((mapping) => mapping.slice === name);
  if (found === undefined)
    throw new AppError('NOT_FOUND', { message: `no slice "${name}"; there are: ${slices.map((mapping) => mapping.slice).join(', ')}` });
  return found;
}
