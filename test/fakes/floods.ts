// Text that a pod can make others log, chosen to make a pattern that backtracks take minutes.
import assert from "node:assert/strict";

const MEBIBYTE = 2 ** 20;
const repeat = (piece: string) => piece.repeat(Math.ceil(MEBIBYTE / piece.length));

/** 1 MB each, by what it consists of. */
export const FLOODS: readonly (readonly [name: string, text: string])[] = [
  ["blanks", repeat(" ")],
  ["line ends", repeat("\n")],
  ["blanks and line ends", repeat(" \n \r\n")],
  ["dashes", repeat("-")],
  ["quotes", repeat('"')],
  ["backslashes", repeat("\\")],
  ["escaped quotes", repeat('\\"')],
  ["one letter", repeat("a")],
  ["letters and points", repeat("ab.")],
  ["digits", repeat("0123456789")],
  ["base64", repeat("aB3/x9Kq")],
  ["beginnings of JSON web tokens", repeat("eyJhbGciOi-")],
  ["names of secrets", repeat('token=\\"')],
  ["names of secrets with blanks", repeat("password : ")],
  ["beginnings of a private key", repeat("-----BEGIN PRIVATE KEY-----\n")],
  ["one private key without an end", `-----BEGIN PRIVATE KEY-----\n${repeat("A")}`],
  ["schemes", repeat("http://")],
  ["addresses", repeat("http://a:b@")],
  ["at signs", repeat("@")],
  ["colons", repeat("a:")],
  ["percent signs", repeat("%25")],
  ["unicode escapes", repeat("\\u005cu003d")],
  ["escape sequences", repeat("\u001b[31m")],
  ["sequences without an end", repeat("\u001b]")],
  ["brackets", repeat("{[(")],
  ["Go dumps", repeat("EnvVar{Name:A,Value:")],
  ["names of images", repeat('"PullImage from image service failed" image="')],
  ["klog headers", repeat("E0102 03:04:05.000001 1 a.go:1] ")],
  ["options", repeat("--password ")],
  ["Bearer", repeat("Bearer ")],
];

const LIMIT_MS = 200;

/** Fails when the work takes more of a processor than an event loop may stand still. Other processes' work does not count. */
export function assertFast(work: () => unknown, limitMs = LIMIT_MS): void {
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && fastestMs > limitMs; round += 1) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    fastestMs = Math.min(fastestMs, (user + system) / 1000);
  }
  assert.ok(fastestMs <= limitMs, `${Math.round(fastestMs)} ms, more than ${limitMs}`);
}
