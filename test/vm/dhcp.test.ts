// A machine whose address is a lease: one that comes a minute after a boot, and one that is another address the next time.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { parse, stringify } from "yaml";
import * as z from "zod";
import { down } from "../sandbox/down.ts";
import { webPage } from "../sandbox/images.ts";
import { configPath } from "../sandbox/install-agent.ts";
import { ip } from "../sandbox/links.ts";
import { cardAddress } from "../sandbox/machine/taps.ts";
import { startDaemon, stopDaemon } from "../sandbox/process.ts";
import { waitFor } from "../sandbox/wait.ts";
import { webName } from "../sandbox/workload.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, untilPage, type VirtualSatellite } from "./virtual.ts";

const LATE_MS = 60_000;
/** Half of it is when the machine asks again. */
const LEASE_SECONDS = 60;
const SERVER = "dhcp";
const nodeStatus = z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })) });

let satellite: VirtualSatellite;
let other: string;
before(async () => {
  satellite = await bringUpVirtual();
  await satellite.untilHealthy(HEALTHY_MS);
  const { node } = satellite.sandbox.addresses;
  other = node.replace(/\d+$/, "77");
});
after(async () => {
  await stopDaemon(FOLDER, SERVER);
  if (other !== undefined) await ip(["route", "delete", other]).catch(() => undefined); // it may not have come so far
  await down(FOLDER);
});

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);
const addressOf = (card: string) => sh(`ip -4 -brief address show dev ${card} | awk '{ print $3 }'`);

/** Serves one lease of this address on the control plane's end of the machine's link. */
async function serveLease(address: string): Promise<void> {
  const { addresses } = satellite.sandbox;
  const folder = join(FOLDER, SERVER);
  const lines = [
    ...["interface machine", `start ${address}`, `end ${address}`, "max_leases 1", "min_lease 30"],
    ...[`static_lease ${cardAddress(addresses, "eth0")} ${address}`, `lease_file ${join(folder, "leases")}`],
    ...[`opt router ${addresses.control}`, "opt subnet 255.255.255.128", `opt lease ${LEASE_SECONDS}`],
  ];
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "leases"), "");
  await writeFile(join(folder, "udhcpd.conf"), `${lines.join("\n")}\n`);
  await stopDaemon(FOLDER, SERVER);
  const serve = ["busybox", "udhcpd", "-f", join(folder, "udhcpd.conf")] as const;
  await startDaemon(FOLDER, {
    name: SERVER,
    command: ["ip", "netns", "exec", addresses.controlNamespace, ...serve],
  });
}

/** The machine's way out is by the address of its lease, and the daemon finds by itself which one that is. */
async function leaseAddress(): Promise<void> {
  const { addresses } = satellite.sandbox;
  const network = (card: "eth0" | "uplink", text: string) =>
    satellite.write(
      `/etc/systemd/network/10-${card}.network`,
      `[Match]\nMACAddress=${cardAddress(addresses, card)}\n\n[Network]\n${text}`,
    );
  await network("eth0", "DHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac\nUseDNS=no\nUseHostname=no\n");
  await network("uplink", `Address=${addresses.uplink.inside}/${addresses.uplink.prefixLength}\n`);
  const { node, ...others } = parse(await satellite.read(configPath));
  await satellite.systemctl("stop"); // It is to read this at the next boot.
  await satellite.write(configPath, stringify({ ...others, node: { ...node, ip: undefined } }));
  await sh("sync");
}

/** Whether the Node says that this is its address. */
function says(address: string, { status }: { readonly status?: unknown }): boolean {
  const { addresses } = nodeStatus.parse(status);
  return addresses.some((each) => each.type === "InternalIP" && each.address === address);
}

test("a lease that comes a minute after a boot: the daemon waits for it, and the node comes by itself", async () => {
  const { sandbox } = satellite;
  await leaseAddress();
  const bootId = async () =>
    (await sandbox.box(["cat", "/proc/sys/kernel/random/boot_id"], { timeoutMs: 10_000 })).stdout;
  const earlier = await bootId();
  const booted = sandbox.reboot();
  // Its failure is this test's, whenever it comes.
  booted.catch(() => undefined);
  const wait = { what: "the machine to answer by its other card", deadlineMs: HEALTHY_MS, intervalMs: 1000 };
  await waitFor(wait, async () => (await bootId()) !== earlier); // it is off, or does not answer yet
  await delay(LATE_MS);
  assert.equal(await addressOf("eth0"), "", "it has no address yet");
  await serveLease(sandbox.addresses.node);
  await booted;
  await satellite.untilHealthy(HEALTHY_MS);
  assert.match(await addressOf("eth0"), new RegExp(`^${sandbox.addresses.node}/`));
  assert.ok(says(sandbox.addresses.node, await sandbox.node()));
  await untilPage(satellite);
});

test("a lease with another address: the Node says the new one, its page and its logs are found there, and the daemon is the same", async () => {
  const { sandbox } = satellite;
  const daemon = await satellite.mainPid("eks-satellite");
  await serveLease(other);
  const wait = { what: `the machine to have ${other}`, deadlineMs: HEALTHY_MS, intervalMs: 1000 };
  await waitFor(wait, async () => (await addressOf("eth0")).startsWith(`${other}/`));
  await sandbox.waitForNode((node) => says(other, node), HEALTHY_MS);
  await satellite.untilHealthy(HEALTHY_MS);
  assert.equal(await satellite.mainPid("eks-satellite"), daemon);
  await ip(["route", "replace", other, "via", sandbox.addresses.uplink.inside]);
  const response = await fetch(`http://${other}:8080/`, { signal: AbortSignal.timeout(10_000) });
  assert.equal(await response.text(), webPage);
  await sandbox.kubectl(["logs", `deployment/${webName}`, "--tail=1", "--request-timeout=20s"]);
});
