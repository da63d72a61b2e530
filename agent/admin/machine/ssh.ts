// Joins a machine over ssh: the script goes in by standard input, so that no key is in user data or on a command line.
import { createHash } from "node:crypto";
import { SatelliteError } from "../../errors.ts";
import { cutText, oneLine, withoutControls } from "../../foreign-text.ts";
import type { RunResult } from "../../host/host.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { interrupted, type WaitContext, waitFor } from "./wait.ts";

export interface SshTarget {
  readonly address: string;
  readonly user: string;
  /** A private key's file; undefined lets ssh choose. */
  readonly identity: string | undefined;
}

const CONNECT_SECONDS = 15;
const POLL_SECONDS = 10;
/** sshd comes up within a minute of `active`. */
const WAIT_SECONDS = 300;
const SCRIPT_SECONDS = 1800;
/** ssh's own exit code for what is no command's. */
const SSH_FAILED = 255;
/** What no later attempt changes. */
const FINAL = /Permission denied|Host key verification failed/;
const SHOWN = 400;

/** Runs the script as root. The machine's host key is new to everyone: it is accepted at first sight, shown, and held for the rest. @throws ssh-failed, join-failed, interrupted */
export async function joinBySsh(
  host: LaptopHost,
  target: SshTarget,
  { script, ...context }: WaitContext & { readonly script: string },
): Promise<void> {
  const { clock, say, signal } = context;
  const folder = await host.files.makeTemporaryFolder("/tmp");
  try {
    const knownHosts = `${folder}/known_hosts`;
    const ssh = (command: readonly string[], timeoutSeconds: number, input?: string) =>
      host.run("ssh", [...optionsOf(target, knownHosts), ...command], {
        timeoutSeconds,
        signal,
        ...(input === undefined ? {} : { input }),
      });
    await waitForSsh(target, { ...context, ssh });
    const fingerprint = fingerprintOf(await host.files.read(knownHosts));
    say(`! host key of ${target.address} accepted at first sight: ${fingerprint ?? "unknown"}; nothing vouches for it`);
    const startMs = clock.monotonic();
    const result = await ssh(["sudo", "bash", "-s"], SCRIPT_SECONDS, script);
    if (signal.aborted) throw interrupted();
    if (result.exitCode !== 0) throw joinFailed(target, result);
    say(`✓ installed over ssh (${Math.round((clock.monotonic() - startMs) / 1000)} s)`);
  } finally {
    await host.files.removeTree(folder);
  }
}

function optionsOf({ address, user, identity }: SshTarget, knownHosts: string): readonly string[] {
  return [
    ...["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", `UserKnownHostsFile=${knownHosts}`],
    ...["-o", "HashKnownHosts=no", "-o", `ConnectTimeout=${CONNECT_SECONDS}`],
    ...["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8"],
    ...(identity === undefined ? [] : ["-i", identity, "-o", "IdentitiesOnly=yes"]),
    `${user}@${address}`,
    "--",
  ];
}

type Ssh = (command: readonly string[], timeoutSeconds: number) => Promise<RunResult>;

/** @throws ssh-failed */
async function waitForSsh(
  { address, user }: SshTarget,
  { ssh, ...context }: WaitContext & { readonly ssh: Ssh },
): Promise<void> {
  const last = { text: "" };
  const isUp = await waitFor(context, {
    what: `ssh at ${address}`,
    everySeconds: POLL_SECONDS,
    untilMs: context.clock.monotonic() + WAIT_SECONDS * 1000,
    look: async () => {
      const { exitCode, stderr } = await ssh(["sudo", "-n", "true"], CONNECT_SECONDS * 2);
      if (exitCode === 0) return { done: true };
      last.text = lastLine(stderr);
      if (exitCode !== SSH_FAILED || FINAL.test(last.text)) throw sshFailed(user, address, last.text);
      return { state: "not yet" };
    },
  });
  if (isUp === undefined) throw sshFailed(user, address, last.text);
}

function sshFailed(user: string, address: string, text: string): SatelliteError {
  return new SatelliteError("ssh-failed", `ssh ${user}@${address} does not work: ${text}`, {
    hint: `By hand this must work: ssh ${user}@${address} sudo -n true. The private half of the machine's SSH key must be in your agent, or be named with --ssh-identity; TCP port 22 must be open in Lambda's firewall.`,
  });
}

function joinFailed({ user, address }: SshTarget, { exitCode, stderr, stdout }: RunResult): SatelliteError {
  const text = lastLine(stderr) || lastLine(stdout);
  if (exitCode === SSH_FAILED)
    return new SatelliteError("join-failed", `ssh ${user}@${address} ended before the script had: ${text}`, {
      hint: `How far it came is unknown: ssh ${user}@${address} sudo eks-satellite check, if it is installed. A host key that has changed since the first connection is another machine, or a machine that was made anew.`,
    });
  return new SatelliteError("join-failed", `the script on ${address} ended with ${exitCode}: ${text}`, {
    hint: `ssh ${user}@${address} sudo eks-satellite check says what is wrong there.`,
  });
}

function lastLine(text: string): string {
  const lines = text.trimEnd().split("\n");
  return cutText(oneLine(withoutControls(lines.at(-1) ?? "")), SHOWN);
}

/** As `ssh-keygen -l` prints it. */
function fingerprintOf(knownHosts: string | undefined): string | undefined {
  const [, kind, key] = /^\S{1,200} (\S{1,100}) ([A-Za-z0-9+/=]{1,4000})$/m.exec(knownHosts ?? "") ?? [];
  if (kind === undefined || key === undefined) return undefined;
  const sum = createHash("sha256").update(Buffer.from(key, "base64")).digest("base64");
  return `${kind} SHA256:${sum.replace(/=+$/, "")}`;
}
