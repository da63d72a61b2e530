// One build of programs from a Go module: beside its place in the cache, and again when module or packages change.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "./fresh-folder.ts";
import type { Arch } from "./processor.ts";
import type { Progress } from "./step.ts";

/** A set of programs from one Go module. */
export interface GoBuild {
  readonly title: string;
  /** Folder with go.mod and go.sum. */
  readonly module: string;
  readonly packages: readonly string[];
  /** Packages whose tests become a program each, `NAME.test`. */
  readonly tests?: readonly string[];
  /** Folder in the cache; programs land in its bin/. */
  readonly target: string;
  /** Go variables set at link time: what the program says its version is. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The processor that it is built for; the host's when it is left out. */
  readonly arch?: Arch;
  /** It has parts in C, and so needs a C compiler, and the libc that it was built with. */
  readonly hasC?: true;
}

/** Builds beside and moves into place with a stamp, so that an interrupted build is never taken for a whole one. */
export async function build(build: GoBuild, progress: Progress): Promise<string> {
  const bin = join(build.target, "bin");
  const stamp = join(bin, ".stamp");
  const wanted = await digestOf(build);
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return bin;
  await progress.step(build.title, async () => {
    await requireGo();
    await replaceFolder(bin, async (fresh) => {
      const flags = ["-trimpath", "-ldflags", linkFlags(build), "-o", `${fresh}/`];
      const options = {
        cwd: build.module,
        env: {
          ...(build.arch === undefined ? {} : { GOARCH: build.arch }),
          ...{ CGO_ENABLED: build.hasC === true ? "1" : "0", GOFLAGS: "-mod=readonly" },
        },
      };
      await execa("go", ["build", ...flags, ...build.packages], options);
      for (const tests of build.tests ?? []) await execa("go", ["test", "-c", "-vet=off", ...flags, tests], options);
      await writeFile(join(fresh, ".stamp"), wanted);
    });
  });
  return bin;
}

/** Go 1.21 and later fetch the toolchain that a go.mod asks for; earlier ones only fail on it. */
async function requireGo(): Promise<void> {
  const found = await execa("go", ["env", "GOVERSION"]).catch(() => undefined);
  const minor = Number(/^go1\.(\d+)/.exec(found?.stdout ?? "")?.[1] ?? 0);
  if (minor >= 21) return;
  const problem = found ? `${found.stdout} is too old` : "there is no go in PATH";
  throw new Error(
    `building the sandbox's programs needs Go 1.21 or newer, and ${problem}: see https://go.dev/doc/install`,
  );
}

async function digestOf(build: GoBuild): Promise<string> {
  const hash = createHash("sha256")
    .update(linkFlags(build))
    .update(build.arch ?? "")
    .update([...build.packages, ...(build.tests ?? [])].join());
  const own = build.packages.filter((path) => path.startsWith("./")).map((path) => join(path, "main.go"));
  for (const file of ["go.mod", "go.sum", ...own]) hash.update(await readFile(join(build.module, file)));
  return hash.digest("hex");
}

function linkFlags({ variables = {} }: GoBuild): string {
  return ["-s", "-w", ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`)].join(" ");
}
