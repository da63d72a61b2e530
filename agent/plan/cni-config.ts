// A CNI configuration for a node whose pods all use the host's network: CRI is not ready without one, and never calls it for such pods.

/** Renders the configuration; a pod that does ask for a network of its own gets a loopback interface and nothing more. */
export function renderCniConfig(): string {
  return `${JSON.stringify({ cniVersion: "0.4.0", name: "host-network", type: "loopback" }, undefined, 2)}\n`;
}
