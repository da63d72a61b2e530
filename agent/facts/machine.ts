// The machine itself, as the plan needs it. It is read in each round, so it costs only a few reads of /proc.

import type { Host, NetworkAddress, SystemInformation } from "../host/host.ts";
import { createDefaultRouteReader, type DefaultRoute } from "./default-route.ts";
import { hasGpu } from "./gpu.ts";
import { usesSystemdResolved } from "./resolver.ts";

export interface MachineFacts extends SystemInformation {
  /** The interface of the default route; undefined while there is none. */
  readonly defaultInterface?: string | undefined;
  /** The address on that interface, or, without one, the first that is not of a bridge for containers or virtual machines. */
  readonly primaryIpv4: string | undefined;
  readonly primaryIpv6: string | undefined;
  readonly cgroupVersion: 1 | 2;
  /** Whether systemd is pid 1, as sd_booted(3) decides. */
  readonly isSystemd: boolean;
  /** Whether the name servers for pods are those of systemd-resolved: /etc/resolv.conf then names a stub that they cannot reach. */
  readonly hasSystemdResolved: boolean;
  readonly hasEcrCredentialProvider: boolean;
  /** Whether there is an NVIDIA GPU on the PCI bus. */
  readonly hasGpu: boolean;
}

/** Interfaces of Docker, CNI plugins, libvirt, LXC and Podman: no other machine reaches their addresses. */
const VIRTUAL_INTERFACE =
  /^(docker|br-|veth|cni|cali|flannel|cilium|lxc|virbr|vnet|podman|nerdctl|kube-|nodelocaldns|tunl|weave|antrea|ovn)/;

/** Reads the machine's facts. `credentialProviderPath` is where ecr-credential-provider is expected. */
export async function readMachine(
  host: Host,
  credentialProviderPath: string,
  routes = createDefaultRouteReader(host),
): Promise<MachineFacts> {
  const { files } = host;
  const system = await host.systemInformation();
  const [{ ipv4: route, ipv6: route6 }, controllers, booted, hasSystemdResolved, provider, hasNvidiaGpu] =
    await Promise.all([
      routes.read(system.addresses),
      files.status("/sys/fs/cgroup/cgroup.controllers"),
      files.status("/run/systemd/system"),
      usesSystemdResolved(host),
      files.status(credentialProviderPath),
      hasGpu(host),
    ]);
  return {
    ...system,
    defaultInterface: route?.interface ?? route6?.interface,
    primaryIpv4: pickAddress(system.addresses, "IPv4", route),
    primaryIpv6: pickAddress(system.addresses, "IPv6", route6 ?? route),
    cgroupVersion: controllers === undefined ? 1 : 2,
    isSystemd: booted !== undefined,
    hasSystemdResolved,
    hasEcrCredentialProvider: provider?.kind === "file",
    hasGpu: hasNvidiaGpu,
  };
}

function pickAddress(
  addresses: readonly NetworkAddress[],
  family: NetworkAddress["family"],
  route: DefaultRoute | undefined,
): string | undefined {
  const candidates = addresses.filter(
    (candidate) => candidate.family === family && !candidate.address.startsWith("fe80:"),
  );
  const routed =
    candidates.find((candidate) => candidate.address === route?.source) ??
    candidates.find((candidate) => candidate.interface === route?.interface);
  return (routed ?? candidates.find((candidate) => !VIRTUAL_INTERFACE.test(candidate.interface)))?.address;
}
