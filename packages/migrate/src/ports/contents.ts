/** Which build of each side runs now, as a content hash; null when that side does not say. */
export type Contents = { legacy: string | null; extracted: string | null };
export type ContentsPort = { read(): Promise<Contents> };
