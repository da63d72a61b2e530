// Programs that read completions and manual pages, and the files as a release has them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { LOCAL_FOLDERS, renderShellFiles } from "../../scripts/shell/files.ts";

/** For `skip`: false where the program is there, else why not. */
export function unlessThere(program: string): false | string {
  const { error } = spawnSync(program, ["--version"], { stdio: "ignore" });
  return error === undefined ? false : `${program} is not installed`;
}

/** Writes completions and pages below a new folder. @returns the folder */
export function writeShellFiles(): string {
  const root = mkdtempSync(join(tmpdir(), "shell-files-"));
  after(() => rmSync(root, { recursive: true, force: true }));
  for (const { path, content } of renderShellFiles({ version: "1.2.3", timeSeconds: 1_750_000_000 })(LOCAL_FOLDERS)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content as string);
  }
  return root;
}
