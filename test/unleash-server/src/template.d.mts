/** Reads the data folder of a migrated, empty database, as a tar. A damaged file is removed and counts as none. */
export function loadTemplate(file: string, log: (line: string) => void): Promise<Uint8Array<ArrayBuffer> | undefined>;

/** Writes it, whole or not at all, whoever else does the same. Failing is only worth a line: the next start is slower. */
export function saveTemplate(file: string, tar: Uint8Array, log: (line: string) => void): Promise<void>;
