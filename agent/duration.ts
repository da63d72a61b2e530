// Lengths of time as people write them: a number in the key's own unit, or a number with a unit, such as 90s, 5m or 1h.
import * as z from "zod";

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
type Unit = keyof typeof UNITS;
const DURATION = /^(\d{1,9})([smhd])$/;

/** The seconds of a duration; undefined for another text. */
export function secondsOf(text: string): number | undefined {
  const [, digits, unit] = DURATION.exec(text.trim()) ?? [];
  return digits === undefined ? undefined : Number(digits) * UNITS[unit as Unit];
}

/** Schema of a length of time in whole seconds. */
export const seconds = (min: number, max: number) => lengthOfTime("s", min, max);

/** Schema of a length of time in whole minutes. */
export const minutes = (min: number, max: number) => lengthOfTime("m", min, max);

function lengthOfTime(unit: Unit, min: number, max: number) {
  const name = unit === "s" ? "seconds" : "minutes";
  const message = `must be ${min} to ${max} ${name}, as a number or as a duration such as ${min + 1}${unit}`;
  const number = z.int().min(min).max(max);
  const text = z
    .string()
    .regex(DURATION)
    .meta({ title: "duration" })
    .transform((duration) => (secondsOf(duration) ?? Number.NaN) / UNITS[unit])
    .pipe(number);
  return z.union([number, text], { error: message });
}
