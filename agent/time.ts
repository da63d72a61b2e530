// Times as the program shows them.

/** ISO 8601 in UTC; undefined for a time that is not known. */
export function isoTime(milliseconds: number): string;
export function isoTime(milliseconds: number | undefined): string | undefined;
export function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined || !Number.isFinite(milliseconds)
    ? undefined
    : new Date(milliseconds).toISOString();
}

/** How long something lasts, for people: `42s`, `3m`, `5h`, `2d`. */
export function renderDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
