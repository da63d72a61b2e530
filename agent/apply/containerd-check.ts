// containerd's own verdict on a configuration: asked before the file is replaced, and remembered when it did not start on one.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";

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

/** The error when it happens, and in every later round. */
export function refusalError(reason: string): SatelliteError {
  return new SatelliteError(
    "containerd-config-refused",
    `containerd did not come up on the merged configuration, the one before it is back in place: ${reason}`,
    {
      hint: "journalctl -u containerd; then correct its configuration file or containerd.config, and eks-satellite tries again.",
    },
  );
}
