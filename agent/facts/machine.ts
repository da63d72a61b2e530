// The machine itself, as the plan needs it. It is read in each round, so it costs only a few reads of /proc.

import type { Host, NetworkAddress, SystemInformation } from "../host/host.ts";
import { hasGpu } from "./gpu.ts";

export interface MachineFacts extends SystemInformation {
  /** The interface of the default route; undefined while there is none. */
  readonly defaultInterface?: string | undefined;
  /** The address on that interface, or, without one, the first that is not of a bridge for containers or virtual machines. */
  readonly primaryIpv4: string | undefined;
  readonly primaryIpv6: string | undefined;
  readonly cgroupVersion: 1 | 2;
  /** Whether systemd is pid 1, as sd_booted(3) decides. */
  readonly isSystemd: boolean;
  /** Whether systemd-resolved runs: /etc/resolv.conf then names a stub that pods cannot reach. */
  readonly hasSystemdResolved: boolean;
  readonly hasEcrCredentialProvider: boolean;
  /** Whether there is an NVIDIA GPU on the PCI bus. */
  readonly hasGpu: boolean;
}

/** The file of real name servers that systemd-resolved keeps beside its stub. */
export const SYSTEMD_RESOLV_CONF = "/run/systemd/resolve/resolv.conf";

/** Interfaces of Docker, CNI plugins, libvirt, LXC and Podman: no other machine reaches their addresses. */
const VIRTUAL_INTERFACE =
  /^(docker|br-|veth|cni|cali|flannel|cilium|lxc|virbr|vnet|podman|nerdctl|kube-|nodelocaldns|tunl|weave|antrea|ovn)/;

/** Reads the machine's facts. `credentialProviderPath` is where ecr-credential-provider is expected. */
export async function readMachine(host: Host, credentialProviderPath: string): Promise<MachineFacts> {
  const { files } = host;
  const [system, controllers, booted, resolved, provider, defaultInterface, hasNvidiaGpu] = await Promise.all([
    host.systemInformation(),
    files.status("/sys/fs/cgroup/cgroup.controllers"),
    files.status("/run/systemd/system"),
    files.status(SYSTEMD_RESOLV_CONF),
    files.status(credentialProviderPath),
    readDefaultInterface(host),
    hasGpu(host),
  ]);
  return {
    ...system,
    defaultInterface,
    primaryIpv4: pickAddress(system.addresses, "IPv4", defaultInterface),
    primaryIpv6: pickAddress(system.addresses, "IPv6", defaultInterface),
    cgroupVersion: controllers === undefined ? 1 : 2,
    isSystemd: booted !== undefined,
    hasSystemdResolved: resolved !== undefined,
    hasEcrCredentialProvider: provider?.kind === "file",
    hasGpu: hasNvidiaGpu,
  };
}

/** The interface of the default route with the lowest metric (proc(5), /proc/net/route; columns Iface, Destination, …, Metric). */
async function readDefaultInterface(host: Host): Promise<string | undefined> {
  const table = (await host.files.read("/proc/net/route")) ?? "";
  const routes = table
    .split("\n")
    .slice(1)
    .map((line) => line.split("\t"))
    .filter(([, destination]) => destination === "00000000")
    .map(([name, , , , , , metric]) => ({ name, metric: Number(metric) }));
  return routes.toSorted((one, other) => one.metric - other.metric)[0]?.name;
}

function pickAddress(
  addresses: readonly NetworkAddress[],
  family: NetworkAddress["family"],
  defaultInterface: string | undefined,
): string | undefined {
  const candidates = addresses.filter(
    (candidate) => candidate.family === family && !candidate.address.startsWith("fe80:"),
  );
  const routed = candidates.find((candidate) => candidate.interface === defaultInterface);
  return (routed ?? candidates.find((candidate) => !VIRTUAL_INTERFACE.test(candidate.interface)))?.address;
}
