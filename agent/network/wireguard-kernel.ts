// Whether the kernel has WireGuard: loaded, built in, or as a module that can be loaded.
import { hasModule } from "../facts/kernel-module.ts";
import type { Host } from "../host/host.ts";

const TIMEOUT_SECONDS = 10;

/** Asks modprobe once: a kernel gains no module while it runs but by an installation, after which it is loaded. */
export class WireguardKernel {
  #isLoadable: boolean | undefined;

  async hasWireguard(host: Host): Promise<boolean> {
    if (await hasModule(host, "wireguard")) return true;
    this.#isLoadable ??= await isLoadable(host);
    return this.#isLoadable;
  }
}

async function isLoadable(host: Host): Promise<boolean> {
  const answer = await host
    .run("modprobe", ["--dry-run", "--quiet", "wireguard"], { timeoutSeconds: TIMEOUT_SECONDS })
    .catch(() => undefined); // Without modprobe no module is loaded.
  return answer?.exitCode === 0;
}
