// Whether packets of the tunnel's full size pass, there and back: one probe, as the daemon makes each ten minutes.
import { readNetworkDevices } from "../../facts/network-devices.ts";
import { HEADERS, passes } from "../../network/mtu/probe.ts";
import { readKnownTunnel } from "../../network/watch/known-tunnel.ts";
import { askGateway } from "../../network/watch/probes.ts";
import { DEFAULT_MTU } from "../../tunnel/names.ts";
import { type Check, configured, fail, ok, unknown } from "../check.ts";
import type { CheckContext } from "../context.ts";

export const TUNNEL_MTU_CHECK: Check = configured({
  name: "tunnel-mtu",
  checks: "a packet of the tunnel's full size comes back from the gateway",
  run: async ({ host }, config) => {
    const known = await readKnownTunnel(host, config);
    if (typeof known === "string") return ok("the node has no tunnel that could be asked: see tunnel");
    const [{ interface: name, gateway }] = known;
    const mtu = await readMtu(host, name);
    if (mtu === undefined) return unknown(`there is no interface ${name}: see tunnel`);
    const answer = await askGateway(host, gateway.address);
    if (answer.kind !== "answered") return unknown("the gateway does not answer: see tunnel");
    if ((answer.health.maxKnockBytes ?? 0) < mtu - HEADERS)
      return unknown("the gateway is of a version that sends no large packets back");
    const isPassing = await passes(host, gateway.address, mtu);
    if (isPassing === undefined) return unknown("the gateway does not answer: see tunnel");
    if (!isPassing)
      return fail(
        `packets of ${mtu} bytes do not come back, and small ones do`,
        config.network.tunnel.mtu === "auto"
          ? "The daemon finds the size that passes within ten minutes: systemctl restart eks-satellite does it at once."
          : "network.tunnel.mtu is set by hand: lower it, or set auto, and the daemon finds it.",
      );
    const lowered = mtu < DEFAULT_MTU ? `, less than the usual ${DEFAULT_MTU}: larger ones did not pass` : "";
    return ok(`packets of ${mtu} bytes come back${lowered}`);
  },
});

/** ip(8), since files of /sys show another namespace's interfaces in a container. */
async function readMtu(host: CheckContext["host"], name: string): Promise<number | undefined> {
  if (!(await readNetworkDevices(host)).has(name)) return undefined;
  const answer = await host.run("ip", ["-oneline", "link", "show", "dev", name], { timeoutSeconds: 3 });
  const found = / mtu (\d{1,5}) /.exec(answer.stdout)?.[1];
  return found === undefined ? undefined : Number(found);
}
