// The parts of the configuration that are about this machine alone, for commands that work without a configuration too.
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

/** What the schema insists on; nothing of it is part of {@link LocalConfig}. */
const MINIMAL_CONFIG = "{ cluster: { name: none, region: us-east-1 }, credentials: { keysFile: /none } }";

/** The defaults. */
export function localDefaults(): LocalConfig {
  return parseConfig(MINIMAL_CONFIG, "the defaults", "none");
}
