// kubelet's command line: only what its configuration file cannot say.

import { PATHS } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import type { MachineFacts } from "../facts/machine.ts";
import { gpuLabels } from "./gpu-node.ts";
import { identityLabels, zoneLabel } from "./node-identity.ts";

/** Renders kubelet's arguments, the agent's first, then the user's `kubelet.flags` in the order of their names. */
export function renderKubeletFlags(
  config: Config,
  machine: MachineFacts,
  ipFamily: "ipv4" | "ipv6",
  tunnelAddress?: string,
): readonly string[] {
  const labels = Object.entries({
    ...gpuLabels(config, machine),
    ...zoneLabel(config),
    ...config.node.labels,
    ...identityLabels(config),
  }).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const own: Record<string, string | undefined> = {
    config: PATHS.kubeletConfig,
    kubeconfig: PATHS.kubeconfig,
    "hostname-override": config.node.name,
    "node-ip": nodeAddress(config, machine, ipFamily, tunnelAddress),
    "node-labels": labels.map(([key, value]) => `${key}=${value}`).join(","),
    // With "external" the Node would keep the uninitialized taint for ever: no controller of AWS's knows this machine.
    "cloud-provider": "",
    ...(machine.hasEcrCredentialProvider ? credentialProviderFlags(config) : {}),
  };
  const extra = Object.entries(config.kubelet.flags).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return [...Object.entries(own), ...extra].flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
}

/** The address by which the cluster reaches the node: the configured one, or the tunnel's, or that of the way out. */
export function nodeAddress(
  { node }: Pick<Config, "node">,
  machine: Pick<MachineFacts, "primaryIpv4" | "primaryIpv6">,
  ipFamily: "ipv4" | "ipv6",
  tunnelAddress: string | undefined,
): string | undefined {
  return node.ip ?? tunnelAddress ?? (ipFamily === "ipv6" ? machine.primaryIpv6 : machine.primaryIpv4);
}

function credentialProviderFlags({ imageCredentialProvider }: Config): Record<string, string> {
  const folder = imageCredentialProvider.path.slice(0, imageCredentialProvider.path.lastIndexOf("/"));
  return {
    "image-credential-provider-config": PATHS.imageCredentialProviderConfig,
    "image-credential-provider-bin-dir": folder,
  };
}
