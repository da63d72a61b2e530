// The user and password in an address. A password may hold `@`, `:` and `/`: the last `@` before the host ends it.
import { type Hide, hideMatches } from "./redaction.ts";

const SCHEME = "(?<keep>\\b[a-z][a-z0-9+.-]{0,20}:(?://|\\\\/\\\\/))";
/** User and password without a slash: up to the last `@` before the first slash. */
const PLAIN = new RegExp(`${SCHEME}[^\\s/"'<>\`]{1,1024}(?=@)`, "gi");
/** With a slash it is an address with a path, unless a colon comes first; `@sha256:` belongs to an image. */
const WITH_SLASH = new RegExp(`${SCHEME}[^\\s/:@"'<>\`]{0,256}:[^\\s"'<>\`]{1,1024}(?=@(?!sha\\d{3}:))`, "gi");
/** A scheme is optional for programs that take a proxy: `user:password@host:port`. */
export const WITHOUT_SCHEME =
  /(?<keep>(?:^|[\s=,"'])(?!mailto:)[A-Za-z0-9._-]{1,64}:)[^\s/:"'<>@]{1,256}(?=@[A-Za-z0-9.-]{1,255}(?::\d{1,5})?(?:[\s/"',]|$))/g;

/** Removes users and passwords from the addresses of a line. */
export function hideUserInfo(line: string, hide: Hide): string {
  if (!line.includes("@")) return line;
  let safe = line;
  for (const regex of [WITH_SLASH, PLAIN]) safe = hideMatches(safe, { name: "password", regex }, hide);
  return safe;
}

/** An address as a message shows it, also one that is no valid URL. */
export function withoutUserInfo(address: string): string {
  const hide = () => "…";
  return hideMatches(hideUserInfo(address, hide), { name: "password", regex: WITHOUT_SCHEME }, hide);
}
