// A configuration that says no more than it must: everything else in it is a default.
import { parseConfig } from "../../agent/config/load.ts";
import type { Config } from "../../agent/config/schema.ts";

const REQUIRED_KEYS = `
cluster: { name: my-cluster, region: us-east-1 }
credentials: { keysFile: /etc/eks-satellite/credentials }
`;

export const DEFAULTS: Config = parseConfig(REQUIRED_KEYS, "config.yaml", "gpu-1");

/** The same for a machine that must have GPUs. */
export function withGpuRequired(): Config {
  return parseConfig(`${REQUIRED_KEYS}\ngpu: { mode: required }\n`, "config.yaml", "gpu-1");
}
