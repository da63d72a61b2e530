// The keys that sign releases, brought from packaging/release-keys/allowed_signers to those who verify: the installer, and the program
// for `user-data` and `machine launch`. Run it to write both again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TOP = join(import.meta.dirname, "..");
const SIGNERS = join(TOP, "packaging/release-keys/allowed_signers");
const INSTALLER = join(TOP, "packaging/install.sh");
const PROGRAM = join(TOP, "agent/admin/user-data/release-keys.ts");

const [BEGIN, END] = ["  cat <<'SIGNERS'\n", "\nSIGNERS\n"] as const;

/** The lines of a list that are keys. @throws Error when a line could end a text that it stands in */
export function listKeys(text: string): readonly string[] {
  const keys = text.split("\n").filter((line) => /^[^#\s]/.test(line));
  for (const line of keys) if (/['\\]/.test(line)) throw new Error(`a key's line has a quote or a backslash: ${line}`);
  return keys;
}

/** The installer with these keys. @throws Error when it has not the one place for them */
export function renderInstaller(installer: string, keys: readonly string[]): string {
  const [before = "", after, ...more] = installer.split(BEGIN);
  const end = `\n${after}`.indexOf(END);
  if (after === undefined || more.length > 0 || end === -1)
    throw new Error("install.sh has not one place for the keys");
  const lines = keys.map((line) => `${line}\n`).join("");
  return `${before}${BEGIN}${lines}${`\n${after}`.slice(end + 1)}`;
}

/** The program's file with these keys. */
export function renderProgram(keys: readonly string[]): string {
  const lines = keys.map((line) => `  '${line}',\n`);
  return `// Rendered by scripts/render-release-keys.ts from packaging/release-keys/allowed_signers.

/** The keys that sign releases, in the format of ssh-keygen(1), ALLOWED SIGNERS. */
export const RELEASE_KEYS: readonly string[] = [${lines.length === 0 ? "" : `\n${lines.join("")}`}];
`;
}

/** Every file that holds the keys, by its path, as it should be. */
export function renderReleaseKeys(): ReadonlyMap<string, string> {
  const keys = listKeys(readFileSync(SIGNERS, "utf8"));
  return new Map([
    [INSTALLER, renderInstaller(readFileSync(INSTALLER, "utf8"), keys)],
    [PROGRAM, renderProgram(keys)],
  ]);
}

if (import.meta.main) for (const [path, text] of renderReleaseKeys()) writeFileSync(path, text);
