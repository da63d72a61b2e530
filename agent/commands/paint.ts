// Colours of a terminal, where they are wanted.
type Style = "green" | "red" | "yellow" | "dim" | "bold";
/** Colours a text, or returns it unchanged. */
export type Paint = (style: Style, text: string) => string;

/** No colours: for a file, a pipe, a test. */
export const PLAIN: Paint = (_style, text) => text;

/** Whether to colour: FORCE_COLOR and NO_COLOR decide before the terminal does (no-color.org, force-color.org). */
export function isColourful(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTerminal && TERM !== "dumb";
}
