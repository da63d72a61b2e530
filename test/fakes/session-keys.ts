// A machine with a file of keys, and AWS in memory that takes them.
import type { Config } from "../../agent/config/schema.ts";
import { readSessionKeys } from "../../agent/credentials/credentials.ts";
import { MemoryAws } from "./memory-aws.ts";
import { MemoryHost } from "./memory-host.ts";
import { KEYS_FILE, sampleConfig } from "./samples.ts";

export const KEYS_PATH = "/etc/eks-satellite/aws-keys";

/** `read` gets the node's session keys, from the source that is given or the sample's. */
export function setUpKeys(credentials?: Config["credentials"]) {
  const host = new MemoryHost();
  const aws = new MemoryAws(host.clock.now);
  const sample = sampleConfig();
  const config = credentials === undefined ? sample : { ...sample, credentials };
  host.files.put(KEYS_PATH, KEYS_FILE, { mode: 0o600 });
  return { host, aws, config, read: () => readSessionKeys(host, aws, config) };
}
