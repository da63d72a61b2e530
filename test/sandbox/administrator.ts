// An administrator at a laptop: the program of the npm package as an ordinary user, outside the machine, with keys of the IAM user `administrator`.
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { makeLaptopBundle } from "../../scripts/bundle.ts";
import { copyKept } from "../kept-copy.ts";
import { cleanEnvironment } from "./environment.ts";
import { inNamespace } from "./network.ts";
import type { Sandbox } from "./sandbox.ts";
import { accountId, type SandboxFacts } from "./state.ts";

export const administratorArn = `arn:aws:iam::${accountId}:user/administrator`;

/** The user id of `nobody`, on every Debian. */
const USER_ID = 65534;

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LaptopOptions {
  /** Whose keys; the administrator's when left out. */
  readonly keys?: SandboxFacts["administrator"];
  /** What is typed at the terminal; without it there is none. */
  readonly typed?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** 60 s when left out. */
  readonly timeoutMs?: number;
}

const QUESTION = "[y/N]";

/** A folder with the program, from which it is run. */
export class Laptop {
  readonly home: string;
  readonly #sandbox: Sandbox;

  private constructor(sandbox: Sandbox, home: string) {
    this.#sandbox = sandbox;
    this.home = home;
  }

  static async open(sandbox: Sandbox): Promise<Laptop> {
    const home = await mkdtemp(join(tmpdir(), "eks-satellite-laptop-"));
    const bin = join(home, "bin");
    await copyKept("laptop", bin, writeProgram);
    await copyFile(process.execPath, join(bin, "node"));
    await copyFile(join(sandbox.folder, "pki", "aws-ca.crt"), join(home, "aws-ca.crt"));
    await writeFile(join(bin, "eks-satellite"), `#!/bin/sh\nexec ${bin}/node ${bin}/eks-satellite.mjs "$@"\n`);
    for (const name of ["node", "eks-satellite"]) await chmod(join(bin, name), 0o755);
    await chmod(join(home, "aws-ca.crt"), 0o644);
    await chown(home, USER_ID, USER_ID);
    return new Laptop(sandbox, home);
  }

  /** The cluster administrator's kubeconfig with its keys inside, for the laptop's user may not read the sandbox's files; returns its path. */
  async kubeconfig(): Promise<string> {
    const config = parse(await readFile(this.#sandbox.kubeconfig, "utf8"));
    const parts = [config.clusters[0].cluster, config.users[0].user] as Record<string, string>[];
    for (const part of parts)
      for (const key of ["certificate-authority", "client-certificate", "client-key"].filter((name) => name in part)) {
        part[`${key}-data`] = (await readFile(part[key] ?? "")).toString("base64");
        delete part[key];
      }
    const file = join(this.home, "kubeconfig.yaml");
    await writeFile(file, stringify(config));
    await chmod(file, 0o644);
    return file;
  }

  /** Runs a line of shell. */
  async run(line: string, options: LaptopOptions = {}): Promise<Outcome> {
    const { addresses, facts } = this.#sandbox;
    const { keys, typed, timeoutMs = 60_000 } = options;
    const { accessKeyId, secretAccessKey } = keys ?? facts.administrator;
    const shell =
      typed === undefined ? ["/bin/sh", "-c", line] : ["script", "--quiet", "--return", "--command", line, "/dev/null"];
    const user = ["setpriv", `--reuid=${USER_ID}`, `--regid=${USER_ID}`, "--clear-groups", "--"];
    const [command, ...args] = inNamespace(addresses.vpc?.internetNamespace ?? addresses.controlNamespace, [
      ...user,
      ...shell,
    ]);
    const environment = cleanEnvironment();
    const running = execa(command, args, {
      cwd: this.home,
      extendEnv: false,
      reject: false,
      timeout: timeoutMs,
      stdin: typed === undefined ? "ignore" : "pipe",
      env: {
        ...environment,
        PATH: `${join(this.home, "bin")}:${environment.PATH}`,
        HOME: this.home,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        NODE_EXTRA_CA_CERTS: join(this.home, "aws-ca.crt"),
        ...options.environment,
      },
    });
    if (typed !== undefined) typeWhenAsked(running, typed);
    const { exitCode, isTerminated, timedOut, stdout, stderr } = await running;
    if (timedOut || isTerminated) throw new Error(`${line}: no end in ${timeoutMs} ms: ${stdout}${stderr}`);
    return { exitCode: exitCode ?? 1, stdout: stdout.replaceAll("\r\n", "\n"), stderr };
  }

  /** Gives it a file of mode 0600, and returns its path. */
  async addFile(name: string, content: string | Buffer): Promise<string> {
    const file = join(this.home, name);
    await writeFile(file, content, { mode: 0o600 });
    await chown(file, USER_ID, USER_ID);
    return file;
  }

  /** Gives it a program. */
  async addProgram(path: string): Promise<void> {
    const target = join(this.home, "bin", basename(path));
    await copyFile(path, target);
    await chmod(target, 0o755);
  }

  close(): Promise<void> {
    return rm(this.home, { recursive: true, force: true });
  }
}

async function writeProgram(folder: string): Promise<void> {
  const { files } = await makeLaptopBundle();
  await mkdir(folder);
  for (const { name, content } of files) await writeFile(join(folder, name), content, { mode: 0o644 });
}

/** A terminal that is still another program's takes what is typed ahead, but not Ctrl-D: nothing is typed before the question. */
function typeWhenAsked(running: { readonly stdin: Writable | null; readonly stdout: Readable }, typed: string): void {
  let seen = "";
  running.stdout.on("data", (chunk: Buffer) => {
    const wasAsked = seen.includes(QUESTION);
    seen += chunk.toString();
    if (!wasAsked && seen.includes(QUESTION)) running.stdin?.write(typed);
  });
}
