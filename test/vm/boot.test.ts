// What a boot of a kernel of one's own brings: modules and settings before the daemon, settings of others, swap, and a link or a name server that comes late.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { down } from "../sandbox/down.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, untilPage, type VirtualSatellite } from "./virtual.ts";

/** Later in the order of sysctl.d(5) than the daemon's own: at a boot it wins. */
const OTHERS = "/etc/sysctl.d/99-others.conf";
const SWAP_FILE = "/swapfile";
/** What a router or a switch of a machine room takes until it passes packets. */
const LATE_MS = 60_000;
/** Of a network that is for documentation: nothing answers there. */
const NO_NAME_SERVER = "192.0.2.53";

let satellite: VirtualSatellite;
before(async () => {
  satellite = await bringUpVirtual();
  await satellite.untilHealthy(HEALTHY_MS);
});
after(() => down(FOLDER));

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);

/** Settings of the daemon's file that are not as it says. */
async function settingsAmiss(): Promise<readonly string[]> {
  const text = await satellite.read("/etc/sysctl.d/90-eks-satellite.conf");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(lines.length >= 6, text);
  const amiss: string[] = [];
  for (const line of lines) {
    const [key = "", value] = line.split(" = ");
    const seen = await satellite.read(`/proc/sys/${key.replaceAll(".", "/")}`);
    if (seen !== value) amiss.push(`${key} is ${seen}`);
  }
  return amiss;
}

test("modules and settings are there at a boot before any daemon, with those of a bridge where a CNI plugin may make one", async () => {
  await satellite.configure({ network: { cni: "none" } });
  await satellite.untilReason("ConfigInSync", "InSync", HEALTHY_MS);
  await sh("systemctl disable --now eks-satellite; sync");
  await satellite.sandbox.reboot();
  assert.equal(await satellite.mainPid("eks-satellite"), 0);
  const modules = await sh("cut -d ' ' -f 1 /proc/modules");
  for (const name of ["overlay", "br_netfilter"]) assert.match(modules, new RegExp(`^${name}$`, "m"));
  assert.deepEqual(await settingsAmiss(), []);
  assert.equal(await satellite.read("/proc/sys/net/bridge/bridge-nf-call-iptables"), "1");
  await sh("systemctl enable --now eks-satellite");
  await satellite.restore();
});

test("a kernel whose settings are others at boot: kubelet, which refuses them, runs, and the file of others is theirs", async () => {
  const theirs = "kernel.panic = 0\nvm.overcommit_memory = 0\nkernel.keys.root_maxkeys = 200\n";
  await satellite.write(OTHERS, theirs);
  await sh("systemctl disable eks-satellite; sync");
  await satellite.sandbox.reboot();
  assert.deepEqual(await settingsAmiss(), [
    "kernel.keys.root_maxkeys is 200",
    "kernel.panic is 0",
    "vm.overcommit_memory is 0",
  ]);
  await sh("systemctl enable --now eks-satellite");
  await satellite.untilHealthy(HEALTHY_MS);
  assert.deepEqual(await settingsAmiss(), []);
  assert.match(await satellite.read("/etc/kubernetes/kubelet/kubelet-config.yaml"), /protectKernelDefaults: true/);
  assert.equal((await satellite.read(OTHERS)).trim(), theirs.trim());
  await untilPage(satellite);
  await sh(`rm ${OTHERS}`);
});

/** What the daemon of this boot says of the node after a minute, with its kubelet running throughout. */
async function seenWhileAway(): Promise<(type: string) => string | undefined> {
  const pid = await satellite.kubeletPid();
  await delay(LATE_MS);
  const { conditions, verdict, kubelet, rootCauses } = await satellite.status();
  assert.equal(kubelet.pid, pid, "kubelet runs on");
  assert.equal(verdict.ready, false);
  assert.notDeepEqual(rootCauses, []);
  return (wanted) => conditions.find(({ type }) => type === wanted)?.status;
}

test("a link that passes nothing for a minute: kubelet runs by what was known, the cause is named, and the node comes by itself", async () => {
  await satellite.sandbox.link("down");
  await sh("sync");
  await satellite.sandbox.reboot();
  const statusOf = await seenWhileAway();
  assert.notEqual(statusOf("NodeReady"), "True");
  assert.equal(statusOf("KubeletRunning"), "True");
  await satellite.sandbox.link("up");
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});

test("a name server that does not answer for a minute: kubelet runs by what was known, the cause is named, and the node comes by itself", async () => {
  // The sandbox's names are in the file of hosts.
  await sh(`for file in hosts resolv.conf; do cp /etc/$file /root/$file; done
    echo '127.0.0.1 localhost' > /etc/hosts; echo 'nameserver ${NO_NAME_SERVER}' > /etc/resolv.conf; sync`);
  await satellite.sandbox.reboot();
  const statusOf = await seenWhileAway();
  assert.notEqual(statusOf("NodeReady"), "True");
  assert.equal(statusOf("KubeletRunning"), "True");
  assert.equal(statusOf("DnsWorking"), "False");
  await sh("for file in hosts resolv.conf; do cat /root/$file > /etc/$file; done");
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});

test("swap that a boot switches on is named with what ends it, and the node is well when it is off", async () => {
  const { kubelet } = await satellite.status();
  await sh(`fallocate --length 64M ${SWAP_FILE}; chmod 600 ${SWAP_FILE}; mkswap --quiet ${SWAP_FILE} >/dev/null
    echo '${SWAP_FILE} none swap sw 0 0' >> /etc/fstab; sync`);
  await satellite.sandbox.reboot();
  assert.match(await satellite.read("/proc/swaps"), /swapfile/);
  const { message, hint } = await satellite.untilReason("KubeletRunning", "SwapOn", HEALTHY_MS);
  assert.match(message, /swap is on \(6[0-9] MiB\), and kubelet refuses to start with it/);
  assert.match(hint ?? "", /swapoff -a/);
  const seen = await satellite.status();
  assert.equal(seen.verdict.ready, false);
  assert.equal(seen.kubelet.pid, undefined, `it was ${kubelet.pid} before`);
  await sh(`swapoff --all; sed --in-place '\\|^${SWAP_FILE} |d' /etc/fstab; rm ${SWAP_FILE}`);
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});
