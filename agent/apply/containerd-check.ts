// containerd's own word on a configuration: asked before the file is replaced, and remembered when it refused one after a restart.
import { createHash } from "node:crypto";
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { RoundContext } from "./executor.ts";
import { readServiceRecord } from "./service-record.ts";

/**
 * Lets containerd read a candidate, which lies beside the real file for the sake of relative imports.
 * @throws containerd-config-rejected
 */
export async function checkContainerdConfig(host: Host, path: string, content: string): Promise<void> {
  const candidate = `${path}.eks-satellite-candidate`;
  await host.files.write(candidate, content, { mode: 0o600 });
  try {
    const { exitCode, stdout, stderr } = await host.run("containerd", ["--config", candidate, "config", "dump"]);
    if (exitCode !== 0) {
      throw new SatelliteError(
        "containerd-config-rejected",
        `containerd rejects the merged configuration: ${(stderr || stdout).trim().split("\n").at(-1)}`,
        {
          hint: `${path} is left as it is. Compare eks-satellite plan --diff with it, and correct it or containerd.config.`,
        },
      );
    }
  } finally {
    await host.files.remove(candidate);
  }
}

/** The refusal of this content by a containerd that was restarted on it, or undefined. */
export async function readRefusal(context: RoundContext, content: string): Promise<SatelliteError | undefined> {
  const record = await readServiceRecord(context, "containerd.service");
  if (record?.refused?.configSha256 !== sha256(content)) return undefined;
  return refusalError(record.refused.reason);
}

/** The same words when it happens and on every later round. */
export function refusalError(reason: string): SatelliteError {
  return new SatelliteError(
    "containerd-config-refused",
    `containerd did not come up on the merged configuration, the one before it is back in place: ${reason}`,
    {
      hint: "journalctl -u containerd; then correct its configuration file or containerd.config, and eks-satellite tries again.",
    },
  );
}

/** Hex digest that tells contents apart. */
export function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
