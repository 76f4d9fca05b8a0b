import { StatusError } from '@stackframe/stack-shared/dist/utils/errors';

const metadataBytesMax = 64 * 1024;
const fields = ['client_metadata', 'client_read_only_metadata', 'server_metadata'] as const;

/** What users and teams carry along for the project's own use is limited. Throws a 400 that names the field. */
export function assertMetadataSize(change: Partial<Record<(typeof fields)[number], unknown>>): void {
  for (const field of fields) {
    const value = change[field];
    if (value === undefined || value === null) continue;
    if (Buffer.byteLength(JSON.stringify(value)) > metadataBytesMax)
      throw new StatusError(400, `${field} is larger than ${metadataBytesMax} bytes of JSON.`);
  }
}
