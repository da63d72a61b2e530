// Runs ip, wg, iptables and systemctl: a program that is missing, or that refuses, is an error of the tunnel.
import { hasCode, SatelliteError } from "../../errors.ts";
import { oneLine, withoutControls } from "../../foreign-text.ts";
import type { Host, RunResult } from "../../host/host.ts";
import { optional } from "../../optional.ts";

const TIMEOUT_SECONDS = 10;
const MAX_STDERR = 300;

/** Where each program comes from. */
const PACKAGES: Readonly<Record<string, string>> = { ip: "iproute2", wg: "wireguard-tools", iptables: "iptables" };

/** Runs a program to its end, whatever its exit code. @throws tools-missing, command-timeout */
export async function runTool(
  host: Host,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<RunResult> {
  const options = { timeoutSeconds: TIMEOUT_SECONDS, environment: { LC_ALL: "C" }, ...optional({ input }) };
  try {
    return await host.run(program, args, options);
  } catch (cause) {
    if (hasCode(cause, "command-missing")) throw toolMissing(program, cause);
    throw cause;
  }
}

/** Runs a program that must succeed. @throws tools-missing, tunnel-not-set */
export async function requireTool(
  host: Host,
  program: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { exitCode, stdout, stderr } = await runTool(host, program, args, input);
  if (exitCode === 0) return stdout;
  throw refused(`${program} ${args.join(" ")}`, exitCode, stderr);
}

/** What a program said on its way to failing. Its standard output is left out: that of wg may hold a private key. */
export function refused(command: string, exitCode: number, stderr: string): SatelliteError {
  const words = oneLine(withoutControls(stderr)).trim().slice(0, MAX_STDERR);
  return new SatelliteError("tunnel-not-set", `${command} exited with ${exitCode}: ${words || "it said nothing"}`, {
    hint: "It is tried again with each round. ip -details link show es0; wg show es0; dmesg.",
  });
}

function toolMissing(program: string, cause: unknown): SatelliteError {
  const name = PACKAGES[program] ?? program;
  return new SatelliteError("tools-missing", `the tunnel needs ${program}, which is not installed`, {
    hint: `apt-get install --no-install-recommends ${name}, or dependencies.install: auto.`,
    cause,
  });
}
