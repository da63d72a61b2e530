// A WireGuard interface of this machine: made by the kernel, or by wireguard-go where that is allowed, read, and given its peers.
import { hasCode, SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";
import { TUNNEL_INTERFACE, WIREGUARD_UNIT } from "./names.ts";
import { parseWireguardDump, type SeenWireguard } from "./wireguard-config.ts";

export interface WireguardDevice {
  readonly name: string;
  /** never: the kernel's alone. allow: wireguard-go where the kernel has none. */
  readonly userspace: "never" | "allow";
  /** systemd's name for the transient service of wireguard-go: the interface outlives this process. */
  readonly unit: string;
}

const TIMEOUT_SECONDS = 15;
/** wireguard-go makes the interface, then the socket that wg speaks to. */
const START_TRIES = 50;
const START_WAIT_MS = 100;
/** iproute2's words, and the kernel's, for a type of link that it does not have. */
const UNKNOWN_TYPE = /unknown device type|operation not supported/i;

/** The unit of wireguard-go for a satellite's interface. */
export function wireguardUnit(name: string): string {
  return name === TUNNEL_INTERFACE ? WIREGUARD_UNIT : `${WIREGUARD_UNIT}-${name}`;
}

type DeviceHost = Pick<Host, "run" | "clock">;

/** Makes the interface if there is none, and says whether it did. @throws kernel-lacks-wireguard, tools-missing, wireguard-failed */
export async function ensureWireguardDevice(host: DeviceHost, device: WireguardDevice): Promise<boolean> {
  if (await hasLink(host, device.name)) return false;
  const { exitCode, stderr } = await host.run(
    "ip",
    ["link", "add", "dev", device.name, "type", "wireguard"],
    options(),
  );
  if (exitCode === 0) return true;
  if (!UNKNOWN_TYPE.test(stderr)) throw toFailure(`ip link add ${device.name}`, stderr);
  if (device.userspace === "never")
    throw new SatelliteError("kernel-lacks-wireguard", "this kernel has no WireGuard", {
      hint: "Install a kernel with the module wireguard (5.6 and later have it: modprobe wireguard), or install wireguard-go and set userspace: allow.",
    });
  await startUserspace(host, device);
  return true;
}

/** What the interface has now. @throws tools-missing, wireguard-failed */
export async function readWireguard(host: Pick<Host, "run">, name: string): Promise<SeenWireguard> {
  const { exitCode, stdout, stderr } = await runWg(host, ["show", name, "dump"]);
  const seen = exitCode === 0 ? parseWireguardDump(stdout) : undefined;
  if (seen === undefined) throw toFailure(`wg show ${name} dump`, stderr);
  return seen;
}

/**
 * Makes the interface's key, port and peers those of a file. Peers that are the same keep their sessions, and their endpoints where the file
 * names none: `wg setconf` would forget where they are. @throws tools-missing, wireguard-failed
 */
export async function syncWireguard(host: Pick<Host, "run">, name: string, file: string): Promise<void> {
  const { exitCode, stderr } = await runWg(host, ["syncconf", name, file]);
  if (exitCode !== 0) throw toFailure(`wg syncconf ${name}`, stderr);
}

async function startUserspace(host: DeviceHost, { name, unit }: WireguardDevice): Promise<void> {
  // Of an earlier process that was killed, or that lost its interface. It is fine when there is none.
  await host.run("systemctl", ["stop", `${unit}.service`], options());
  const transient = [
    ...["--quiet", "--collect", `--unit=${unit}`, "--service-type=exec", "--property=LimitCORE=0"],
    ...["--property=Restart=always", "--property=RestartSec=1", "--property=StartLimitIntervalSec=0"],
  ];
  const { exitCode, stderr } = await host.run("systemd-run", [...transient, "wireguard-go", "-f", name], options());
  if (exitCode !== 0)
    throw new SatelliteError("kernel-lacks-wireguard", "this kernel has no WireGuard, and wireguard-go did not start", {
      hint: "Install wireguard-go, or a kernel with the module wireguard.",
      cause: new Error(stderr.trim()),
    });
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if ((await runWg(host, ["show", name, "dump"])).exitCode === 0) return;
    await host.clock.sleep(START_WAIT_MS);
  }
  throw new SatelliteError("wireguard-failed", `wireguard-go made no interface ${name}`, {
    hint: `journalctl -u ${unit} shows why.`,
  });
}

async function hasLink(host: Pick<Host, "run">, name: string): Promise<boolean> {
  return (await host.run("ip", ["link", "show", "dev", name], options())).exitCode === 0;
}

async function runWg(host: Pick<Host, "run">, args: readonly string[]): Promise<RunResult> {
  try {
    return await host.run("wg", args, options());
  } catch (cause) {
    if (!hasCode(cause, "command-missing")) throw cause;
    throw new SatelliteError("tools-missing", "there is no wg on this machine", {
      hint: "apt-get install wireguard-tools.",
      cause,
    });
  }
}

function toFailure(command: string, stderr: string): SatelliteError {
  return new SatelliteError("wireguard-failed", `${command} failed: ${stderr.trim().slice(0, 300)}`, {
    hint: "Run it by hand, as root, to see what it says.",
  });
}

function options() {
  return { timeoutSeconds: TIMEOUT_SECONDS };
}
