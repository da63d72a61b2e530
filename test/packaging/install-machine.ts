// A machine for packaging/install.sh: a folder for its root, and commands that only record their arguments.
import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { scratchFolder, TOP } from "./sample-release.ts";

/** The script, as a download brings it. */
export const SCRIPT = join(TOP, "packaging/install.sh");
/** What the operating system says of itself, unless a test says otherwise. */
const UBUNTU = 'PRETTY_NAME="Ubuntu 22.04.5 LTS"\nID=ubuntu\nVERSION_ID="22.04"\n';

/** The unit's state is kept as systemd keeps it: a unit that was loaded is as it was then, until a reload. */
const SYSTEMCTL = `
loaded=$STATE/loaded unit=$EKS_SATELLITE_ROOT/etc/systemd/system/eks-satellite.service
case $1 in
  is-enabled) [ -e "$STATE/enabled" ] ;;
  is-active) [ -e "$STATE/active" ] ;;
  enable) touch "$STATE/enabled" ;;
  disable) rm -f "$STATE/enabled" "$STATE/active" ;;
  start | restart) [ ! -e "$STATE/broken" ] || { rm -f "$STATE/broken" "$STATE/active"; exit 1; }; touch "$STATE/active" ;;
  show) [ -e "$loaded" ] || cp "$unit" "$loaded"
    if cmp -s "$loaded" "$unit"; then echo NeedDaemonReload=no; else echo NeedDaemonReload=yes; fi
    echo LoadState=loaded ;;
  daemon-reload) cp "$unit" "$loaded" ;;
esac`;

const COMMANDS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  journalctl: "",
  "dpkg-query": "exit 1",
  id: "case $1 in -u) echo 0 ;; *) echo root ;; esac",
  uname: "echo x86_64",
  sleep: "",
};
const READY = 'echo "● ready Node gpu-1 is Ready"';
/** Questions, which change nothing. */
const QUESTIONS = /^(systemctl (is-|show)|id|uname|dpkg-query|mktemp|sleep)/;

/** How a run of the script ended. */
export interface Outcome {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the script is run. */
export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Text that bash reads in place of the script. */
  readonly script?: string;
  /** Runs the script as a file, with this on its standard input. */
  readonly input?: string;
  /** Runs it where there is a terminal, on which this is typed. */
  readonly typed?: string;
  /** Runs what the release has left on the machine, without any network. */
  readonly isOffline?: boolean;
  /** Sends SIGTERM to the script when this is settled. */
  readonly interruptAfter?: Promise<unknown>;
}

/** The folder that stands for a machine's root, and what happened on it. */
export class Machine {
  /** Its root. */
  readonly root: string;
  readonly #folder: string;
  #path = ["/usr/bin", "/bin"];

  private constructor(folder: string) {
    this.#folder = folder;
    this.root = join(folder, "root");
  }

  static async create(): Promise<Machine> {
    const machine = new Machine(await scratchFolder());
    for (const name of ["root/opt", "root/run/systemd/system", "tmp", "state", "bin"]) {
      mkdirSync(join(machine.#folder, name), { recursive: true });
    }
    machine.write("etc/os-release", UBUNTU);
    for (const [name, body] of Object.entries(COMMANDS)) machine.command(name, body);
    machine.answer("status", READY);
    machine.answer("reset", "");
    return machine;
  }

  /** Another one with the same files, and with the service in the same state. */
  async copy(): Promise<Machine> {
    const machine = await Machine.create();
    for (const name of ["root", "state"]) {
      const options = { recursive: true, preserveTimestamps: true, force: true };
      cpSync(join(this.#folder, name), join(machine.#folder, name), options);
    }
    machine.answer("status", READY);
    machine.answer("reset", "");
    return machine;
  }

  /** Puts a command first in PATH; each call of it is written down. */
  command(name: string, body: string): void {
    const text = `#!/bin/sh\nSTATE=${this.#folder}/state\necho "${name} $*" >> ${this.#folder}/calls\n${body}\n`;
    writeFileSync(join(this.#folder, "bin", name), text, { mode: 0o755 });
  }

  /** What the program does for a verb that would reach for a real machine. */
  answer(verb: "status" | "reset", body: string): void {
    const text = `#!/bin/sh\necho "${verb} $*" >> ${this.#folder}/calls\n${body}\n`;
    writeFileSync(join(this.#folder, "state", verb), text, { mode: 0o755 });
  }

  /** Takes commands of the distribution away. */
  hide(...names: readonly string[]): void {
    const folder = join(this.#folder, "distribution");
    mkdirSync(folder);
    const commands = new Set(["/usr/bin", "/bin"].flatMap((path) => readdirSync(path)));
    for (const name of names) commands.delete(name);
    for (const command of commands) {
      writeFileSync(join(folder, command), `#!/bin/sh\nexec /usr/bin/${command} "$@"\n`, { mode: 0o755 });
    }
    this.#path = [folder];
  }

  /** Makes the next start of the service fail. */
  breakNextStart(): void {
    writeFileSync(join(this.#folder, "state/broken"), "");
  }

  /** Runs the script, by default as `curl … | bash -s -- …` does; nothing of it may be left behind afterwards. */
  async install(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const { command, input } = howToRun(args, { ...options, root: this.root });
    const running = execa(command[0], command.slice(1), {
      input,
      env: {
        PATH: [join(this.#folder, "bin"), ...this.#path].join(":"),
        HOME: this.#folder,
        TMPDIR: join(this.#folder, "tmp"),
        EKS_SATELLITE_ROOT: this.root,
        EKS_SATELLITE_STALL_SECONDS: "1",
        ...options.environment,
      },
      // A session of its own has no terminal, also where these tests are run on one.
      detached: true,
      extendEnv: false,
      reject: false,
    });
    options.interruptAfter?.then(() => running.kill("SIGTERM"));
    const { exitCode, stdout, stderr } = await running;
    assert.deepEqual(readdirSync(join(this.#folder, "tmp")), [], "temporary files");
    assert.ok(!this.has("opt/eks-satellite.new"), "what was unpacked");
    return { exitCode, stdout, stderr };
  }

  /** Calls that change something, and the program's verbs, since the last time this was asked. */
  calls(): readonly string[] {
    const file = join(this.#folder, "calls");
    const lines = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
    writeFileSync(file, "");
    return lines.map((line) => line.trimEnd()).filter((line) => line !== "" && !QUESTIONS.test(line));
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  write(path: string, content: string, mode = 0o644): void {
    const target = join(this.root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, mode);
  }

  /** E.g. `0600`. */
  mode(path: string): string {
    return (lstatSync(join(this.root, path)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  /** Everything below the root, with what would show that it was written again. */
  picture(): Readonly<Record<string, string>> {
    // The lock lies where nothing outlasts a reboot.
    const paths = readdirSync(this.root, { recursive: true, encoding: "utf8" })
      .filter((path) => path !== "run" && path !== "run/eks-satellite-install.lock")
      .toSorted();
    return Object.fromEntries(
      paths.map((path) => {
        const { ino, mtimeMs, mode } = lstatSync(join(this.root, path));
        return [path, `${mode.toString(8)} ${ino} ${mtimeMs}`];
      }),
    );
  }

  /** A file of keys outside the root, as a user has it. */
  keysFile(content = KEYS): string {
    const file = join(this.#folder, "keys");
    writeFileSync(file, content, { mode: 0o644 });
    return file;
  }
}

/** The keys that the tests install. */
export const KEYS = "AWS_ACCESS_KEY_ID=AKIAEXAMPLE\nAWS_SECRET_ACCESS_KEY=example\n";

function howToRun(
  args: readonly string[],
  { root, script, input, typed, isOffline }: RunOptions & { readonly root: string },
) {
  if (isOffline === true) {
    const left = join(root, "usr/local/bin/eks-satellite-uninstall");
    return { command: ["unshare", "--net", left, ...args] as const, input: "" };
  }
  if (typed !== undefined) {
    const line = `bash -s -- ${args.join(" ")} < ${SCRIPT}`;
    return { command: ["script", "--quiet", "--return", "--command", line, "/dev/null"] as const, input: typed };
  }
  if (input !== undefined) return { command: ["bash", SCRIPT, ...args] as const, input };
  return { command: ["bash", "-s", "--", ...args] as const, input: script ?? readFileSync(SCRIPT, "utf8") };
}
