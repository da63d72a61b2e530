// A machine in memory on which pods with addresses start.
import type { PodNetworkObservation } from "../../../agent/network/pods/pod-network-reader.ts";
import { POD_PLUGINS } from "../../../agent/plan/pods/conflist.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";

export const CONFLIST = "10-eks-satellite.conflist";

export function sampleObservation(changes: Partial<PodNetworkObservation> = {}): PodNetworkObservation {
  return {
    missingPlugins: [],
    folders: ["/opt/cni/bin"],
    config: CONFLIST,
    isForwarding: true,
    used: 3,
    forward: { hasFilterJump: true, hasNatJump: true, dropsBefore: undefined },
    ...changes,
  };
}

export function podMachine() {
  const host = new MemoryHost();
  const network = new MemoryNetwork(host);
  return { host, network, give: putPodMachine(host, network) };
}

/** Puts there what the start of a pod needs; what is returned gives addresses to pods. */
export function putPodMachine(host: MemoryHost, network: MemoryNetwork) {
  for (const name of POD_PLUGINS) host.files.put(`/opt/cni/bin/${name}`, "", { mode: 0o755 });
  host.files.put(`/etc/cni/net.d/${CONFLIST}`, "{}");
  host.files.put("/proc/sys/net/ipv4/ip_forward", "1\n");
  network.chains.set("FORWARD", ["-j EKS-SATELLITE", "-j DOCKER-USER"]);
  network.natChains.set("POSTROUTING", ["-j EKS-SATELLITE", "-j KUBE-POSTROUTING"]);
  const give = (...addresses: readonly string[]) => {
    for (const address of addresses)
      host.files.put(`/var/lib/cni/networks/eks-satellite/${address}`, "0123456789ab\r\neth0");
  };
  for (const other of ["last_reserved_ip.0", "lock"]) give(other);
  return give;
}
