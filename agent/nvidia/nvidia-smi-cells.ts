// One cell of nvidia-smi's output. NVML's error texts stand in place of values, in brackets or not; versions differ in words and numbers.

/**
 * `unsupported`: the product, the driver or the caller does not have this value, which is no fault. `unreadable`: the driver failed to
 * read it. Every text in brackets that is not known is taken for a failure, so that no later one is taken for health.
 */
export type CellState = "value" | "unsupported" | "unreadable";

const MAX_TEXT_LENGTH = 200;
const UNSUPPORTED =
  /^(?:n\/a|not supported|not available|not found|function not found|unsupported|insufficient permissions|no data|not ready|vgpu ecc not supported|argument version mismatch|-{0,3})$|\bdeprecated\b/i;
const UNREADABLE = /^(?:err!?|error|unknown|unknown error|gpu is lost|gpu requires reset|timeout)$/i;
const TRUE = /^(?:yes|true|enabled|active|on|pending|[1-9]\d{0,9})$/i;
const FALSE = /^(?:no|false|disabled|inactive|not active|off|none|0)$/i;
/** With or without its unit, which `nounits` leaves out: `52.31 W`, `23028 MiB`, `0 %`. */
const NUMBER = /^(-?\d{1,15}(?:\.\d{1,9})?)(?: ?(?:[a-z]{1,5}|%))?$/i;

/** What a cell says. An absent one says nothing, as does an empty one. */
export function stateOf(cell = ""): CellState {
  const [, bracketed] = /^\[([^\]]*)\]$/.exec(cell) ?? [];
  const words = (bracketed ?? cell).trim();
  if (UNSUPPORTED.test(words)) return "unsupported";
  return bracketed !== undefined || UNREADABLE.test(words) ? "unreadable" : "value";
}

/** The cell's text; undefined when it has no value. */
export function readText(cell: string | undefined): string | undefined {
  return cell !== undefined && stateOf(cell) === "value" ? cell.slice(0, MAX_TEXT_LENGTH) : undefined;
}

/** Reads `Yes`, `Enabled`, `Active`, `1` and their opposites; undefined for everything else. */
export function readFlag(cell: string | undefined): boolean | undefined {
  if (cell === undefined) return undefined;
  if (TRUE.test(cell)) return true;
  return FALSE.test(cell) ? false : undefined;
}

/** Reads a number; undefined for everything else. */
export function readNumber(cell: string | undefined): number | undefined {
  const [, digits] = NUMBER.exec(cell ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits);
}
