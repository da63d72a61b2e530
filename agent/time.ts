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

/** A time of this machine's zone, as a person reads it, and in UTC where that differs: `2026-01-02 04:04:05 +01:00 (03:04:05Z)`. */
export function localTime(milliseconds: number): string {
  const utc = new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
  const minutes = -new Date(milliseconds).getTimezoneOffset();
  if (minutes === 0) return `${utc}Z`;
  const local = new Date(milliseconds + minutes * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${local} ${minutes < 0 ? "-" : "+"}${hours}:${rest} (${utc.slice(11)}Z)`;
}
