// The sections of the configuration that are about this machine only, for commands that work without a configuration too.
import { parseConfig } from "./load.ts";
import type { Config } from "./schema.ts";

/** Each of these has a default. */
export type LocalConfig = Pick<
  Config,
  | "kubelet"
  | "containerd"
  | "artifacts"
  | "dependencies"
  | "imageCredentialProvider"
  | "network"
  | "gpu"
  | "health"
  | "stateFolder"
  | "runFolder"
>;

/** The keys that the schema requires; none of them is part of {@link LocalConfig}. */
const MINIMAL_CONFIG = "{ cluster: { name: none, region: us-east-1 }, credentials: { keysFile: /none } }";

/** The defaults. */
export function localDefaults(): LocalConfig {
  return parseConfig(MINIMAL_CONFIG, "the defaults", "none");
}
