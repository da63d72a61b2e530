// Times as the program shows them.

/** ISO 8601 in UTC; undefined for a time that is not known. */
export function isoTime(milliseconds: number): string;
export function isoTime(milliseconds: number | undefined): string | undefined;
export function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined || !Number.isFinite(milliseconds)
    ? undefined
    : new Date(milliseconds).toISOString();
}
