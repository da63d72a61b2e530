// Kernel settings: what kubelet demands, what pods' networking needs.
import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { renderOwnedFile } from "./owned-file.ts";
import { plannedFile, type Resource } from "./resource.ts";

export const IP_FORWARD = "net.ipv4.ip_forward";

interface Sysctl {
  readonly key: string;
  readonly value: string;
  readonly why: string;
  /** Not at the next boot: the daemon sets it. */
  readonly isLiveAlone?: true;
}

/** kubelet's protectKernelDefaults refuses to start with other values (kubernetes pkg/kubelet/cm, setupKernelTunables). */
const KUBELET_DEMANDS: readonly Sysctl[] = [
  {
    key: "kernel.keys.root_maxbytes",
    value: "25000000",
    why: "kubelet demands it: one session key for each container",
  },
  { key: "kernel.keys.root_maxkeys", value: "1000000", why: "kubelet demands it: one session key for each container" },
  { key: "kernel.panic", value: "10", why: "kubelet demands it: a machine that panicked reboots after 10 s" },
  { key: "kernel.panic_on_oops", value: "1", why: "kubelet demands it: an oops may have corrupted memory" },
  {
    key: "vm.overcommit_memory",
    value: "1",
    why: "kubelet demands it: memory is limited by cgroups, not at allocation",
  },
  { key: "vm.panic_on_oom", value: "0", why: "kubelet demands it: out of memory ends a container, not the machine" },
];

const NETWORK: readonly Sysctl[] = [
  {
    key: IP_FORWARD,
    value: "1",
    why: "pods behind a CNI plugin are reached through the host",
    // Docker drops what no rule of its own forwards where it switches forwarding on itself, and only there: a boot leaves that to it.
    isLiveAlone: true,
  },
];
const BRIDGE: readonly Sysctl[] = [
  { key: "net.bridge.bridge-nf-call-iptables", value: "1", why: "kube-proxy's rules must see bridged packets" },
];

/** Settings and modules, now and at the next boot. */
export function planKernel({ network }: Config): readonly Resource[] {
  const sysctls = planSysctls(network.cni);
  const modules = planModules(network.cni);
  return [
    plannedFile(PATHS.modulesLoad, renderOwnedFile(modules.map(({ name }) => name)), "kernel modules at the next boot"),
    plannedFile(PATHS.sysctl, renderSysctlFile(sysctls), "kernel settings at the next boot"),
    ...modules.map(({ name, why }) => ({ kind: "kernel-module" as const, name, why })),
    ...sysctls.map(({ key, value, why }) => ({ kind: "sysctl" as const, key, value, why })),
  ];
}

/** The settings for a kind of pod networking, in the order of their keys. */
export function planSysctls(cni: Config["network"]["cni"]): readonly Sysctl[] {
  return [...KUBELET_DEMANDS, ...NETWORK, ...(cni === "none" ? BRIDGE : [])].toSorted((one, other) =>
    one.key < other.key ? -1 : 1,
  );
}

/** Renders them as a sysctl.d(5) file, for the next boot. */
export function renderSysctlFile(sysctls: readonly Sysctl[]): string {
  return renderOwnedFile(sysctls.flatMap(({ key, value, isLiveAlone }) => (isLiveAlone ? [] : [`${key} = ${value}`])));
}

/** The kernel modules for a kind of pod networking. */
export function planModules(cni: Config["network"]["cni"]): readonly { readonly name: string; readonly why: string }[] {
  const overlay = { name: "overlay", why: "containerd's snapshotter mounts images with it" };
  const bridge = { name: "br_netfilter", why: "kube-proxy's rules must see bridged packets" };
  return cni === "none" ? [bridge, overlay] : [overlay];
}
