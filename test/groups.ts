// Which test files run in one process: a process and the modules that it loads cost more than most files' tests. Files that could be heard or
// felt by others, since they start programs, listen, or change what is the process's, stay alone.
// node test/groups.ts FOLDER FILE… writes an entry for each group into FOLDER, and prints the files that the runner is to be given.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** So that two runners have something to do until the end, and a group that hangs names few. */
const MAX_FILES = 12;

/** What a file of a group does not have in it. */
const ALONE: readonly RegExp[] = [
  /^(before|after|beforeEach|afterEach)\(/m, // They would be of every file of the group.
  /\bmock\b|\bprocess\.(env\.\w+ =|env =|chdir|umask|exit|exitCode|on\(|once\(|kill|title|stdout\.write)/,
  /from "(node:(child_process|net|http|https|dgram|tls|cluster|worker_threads|inspector)|execa)"/,
  /\/(real|sandbox|packaging|e2e)\/|-real\b|createLinuxHost|linux-|fake-program|Machine\.create|mkdtemp/,
];

export interface Grouping {
  /** Groups by their names, each with at least two files. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly alone: readonly string[];
}

/** Groups the files of one folder that have nothing of a process in them. `read` gives a file's text. */
export function groupFiles(files: readonly string[], read: (file: string) => string): Grouping {
  const byFolder = Map.groupBy(
    files.filter((file) => !ALONE.some((pattern) => pattern.test(`${file}\n${read(file)}`))),
    dirname,
  );
  const groups = new Map<string, readonly string[]>();
  for (const [folder, members] of byFolder) {
    const parts = Math.ceil(members.length / MAX_FILES);
    const size = Math.ceil(members.length / parts);
    for (let part = 0; part < parts; part += 1) {
      const own = members.slice(part * size, (part + 1) * size);
      if (own.length > 1) groups.set(`${folder.replaceAll("/", "-")}-${part + 1}`, own);
    }
  }
  const grouped = new Set([...groups.values()].flat());
  return { groups, alone: files.filter((file) => !grouped.has(file)) };
}

if (import.meta.main) {
  const [folder = "", ...files] = process.argv.slice(2);
  const { groups, alone } = groupFiles(files, (file) => readFileSync(file, "utf8"));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entries = [...groups].map(([name, members]) => {
    const entry = join(folder, `${name}.group.mjs`);
    const lines = members.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)};`);
    writeFileSync(entry, `${lines.join("\n")}\n`);
    return relative(process.cwd(), resolve(entry));
  });
  // The longest of those that wait are alone: they begin first.
  process.stdout.write(`${[...alone, ...entries].join("\n")}\n`);
}
