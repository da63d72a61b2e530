// Gives WireGuard's interface another key. What comes in by the old session is still taken; what goes out waits for the next handshake.
import { SatelliteError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";

const TIMEOUT_SECONDS = 10;

/** @throws wireguard-failed, command-missing, command-timeout */
export async function useKey(host: Pick<Host, "run">, name: string, file: string): Promise<void> {
  const options = { timeoutSeconds: TIMEOUT_SECONDS };
  const { exitCode, stderr } = await host.run("wg", ["set", name, "private-key", file], options);
  if (exitCode === 0) return;
  throw new SatelliteError("wireguard-failed", `wg set ${name} private-key failed: ${stderr.trim().slice(0, 300)}`, {
    hint: "It is tried again. ip -details link show es0; wg show es0; dmesg.",
  });
}
