// Commands in a virtual machine: OpenSSH over its uplink, which the faults of the cluster's link leave alone.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { lastLines, runningDaemon, startDaemon, stopDaemon } from "../process.ts";
import { waitFor } from "../wait.ts";
import type { CommandOptions, CommandResult, MachinePlace } from "./machine.ts";

const daemonName = "machine-ssh";

/** A new connection costs a guest without KVM a second or more: commands share one, which a daemon of the sandbox holds. */
export async function openConnection(place: MachinePlace): Promise<void> {
  const command: [string, ...string[]] = [
    "ssh",
    "-N",
    "-o",
    "ControlMaster=yes",
    ...options(place),
    destination(place),
  ];
  const explain = () => lastLines(place.folder, daemonName);
  await waitFor({ what: "the connection to the machine", deadlineMs: 120_000, explain }, async () => {
    if (!(await runningDaemon(place.folder, daemonName))) {
      await closeConnection(place);
      await startDaemon(place.folder, { name: daemonName, command });
    }
    return (await ssh(place, ["-O", "check"], [], { mayFail: true })).exitCode === 0;
  });
}

/** Ends the shared connection; commands that run over it fail. */
export async function closeConnection(place: MachinePlace): Promise<void> {
  await stopDaemon(place.folder, daemonName, 0);
  // ssh shares nothing where a socket lies already, be it a dead one.
  await rm(socketPath(place), { force: true });
}

/** Runs a command in the machine as root: over the shared connection, or over one of its own where there is none. */
export function runOverSsh(
  place: MachinePlace,
  command: readonly string[],
  how: CommandOptions & { readonly content?: Buffer } = {},
): Promise<CommandResult & { readonly bytes: Buffer }> {
  // What has no end in the machine would go on there after ssh was killed here.
  const bound = how.timeoutMs === undefined ? [] : ["timeout", "--signal=KILL", String(how.timeoutMs / 1000)];
  const terminal = how.interactive && process.stdin.isTTY ? ["-t"] : [];
  return ssh(place, terminal, [...bound, ...command].map(quote), how);
}

/** How a POSIX shell, which sshd gives every command to, reads this very word. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

async function ssh(
  place: MachinePlace,
  flags: readonly string[],
  words: readonly string[],
  how: CommandOptions & { readonly content?: Buffer },
): Promise<CommandResult & { readonly bytes: Buffer }> {
  const result = await execa("ssh", [...flags, ...options(place), destination(place), ...words], {
    ...clean(),
    encoding: "buffer",
    stripFinalNewline: false,
    reject: how.mayFail !== true,
    ...(how.timeoutMs === undefined ? {} : { timeout: how.timeoutMs + 10_000, killSignal: "SIGKILL" }),
    ...standardStreams(how),
  });
  const bytes = Buffer.from((result.stdout as Uint8Array | undefined) ?? "");
  const stderr = Buffer.from((result.stderr as Uint8Array | undefined) ?? "").toString();
  return {
    bytes,
    stdout: withoutNewline(bytes.toString()),
    stderr: withoutNewline(stderr),
    exitCode: result.exitCode ?? 1,
  };
}

/** Without input a command reads none: ssh would take what its caller reads. */
function standardStreams(how: CommandOptions & { readonly content?: Buffer }) {
  if (how.interactive) return { stdio: "inherit" } as const;
  const input = how.content ?? how.input;
  return input === undefined ? ({ stdin: "ignore" } as const) : { input };
}

function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function destination({ addresses }: MachinePlace): string {
  return `root@${addresses.uplink.inside}`;
}

/** The machine is new with each sandbox, and its address is an earlier one's: its host key says nothing. */
function options(place: MachinePlace): string[] {
  const settings = {
    ControlPath: socketPath(place),
    IdentityFile: keyPath(place.folder),
    IdentitiesOnly: "yes",
    StrictHostKeyChecking: "no",
    UserKnownHostsFile: join(place.folder, "machine", "known-hosts"),
    UpdateHostKeys: "no",
    LogLevel: "ERROR",
    BatchMode: "yes",
    ConnectTimeout: "60",
    ControlPersist: "no",
    // Emulated, this one costs least.
    Ciphers: "chacha20-poly1305@openssh.com,aes128-ctr",
  };
  return ["-F", "none", ...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

/** A socket's path has at most 107 bytes, and a sandbox's folder may have more. */
function socketPath({ addresses }: MachinePlace): string {
  return `/run/eks-satellite-sandbox/${addresses.slot}.ssh`;
}

/** The key that the machine lets in. */
export function keyPath(folder: string): string {
  return join(folder, "machine", "key");
}
