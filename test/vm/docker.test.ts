// A machine whose user has Docker with a container that runs: the node comes, changes and goes, and that container never notices.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ReleaseMirror } from "../e2e/release-mirror.ts";
import { down } from "../sandbox/down.ts";
import { userContainer, userPage, userPort } from "../sandbox/machine/docker.ts";
import { up } from "../sandbox/up.ts";
import { waitFor } from "../sandbox/wait.ts";
import { installRelease } from "./install-release.ts";
import { bringUpVirtual, FOLDER, HEALTHY_MS, untilPage, type VirtualSatellite } from "./virtual.ts";

const VERSION = "0.0.9";

let satellite: VirtualSatellite;
let mirror: ReleaseMirror;
/** Before the daemon was there. */
let bare: Docker;
before(async () => {
  await down(FOLDER);
  const { sandbox } = await up({ folder: FOLDER, machine: "vm", network: "direct", docker: true, agent: false });
  bare = await readDocker((command) => sandbox.box(["/bin/sh", "-ec", command]).then(({ stdout }) => stdout.trim()));
  satellite = await bringUpVirtual({ docker: true });
});
after(async () => {
  await mirror?.close();
  await down(FOLDER);
});

const sh = (script: string) => satellite.box("/bin/sh", "-ec", script);

/** What of Docker's must stay as it is. */
interface Docker {
  /** The process and when it began, by the kernel's own count. */
  readonly process: string;
  readonly bridge: string;
  /** Docker's chains, and what FORWARD does with what no rule takes. */
  readonly rules: string;
}

async function readDocker(run: (script: string) => Promise<string>): Promise<Docker> {
  const pid = await run(`docker inspect --format '{{.State.Pid}}' ${userContainer}`);
  return {
    process: `${pid} since ${await run(`cut -d ' ' -f 22 /proc/${pid}/stat`)}`,
    bridge: await run("ip -oneline -4 address show docker0"),
    rules: await run("iptables -S | grep -e DOCKER -e 'P FORWARD'; iptables -t nat -S | grep DOCKER"),
  };
}

async function untilUserPage(): Promise<void> {
  await waitFor({ what: "the user's page", deadlineMs: 120_000, intervalMs: 1000 }, async () => {
    const { node } = satellite.sandbox.addresses;
    const response = await fetch(`http://${node}:${userPort}/`, { signal: AbortSignal.timeout(5000) });
    return (await response.text()) === userPage;
  });
}

test("after a join the container's process is the same one, and Docker's rules and bridge are as they were", async () => {
  assert.match(bare.rules, /-P FORWARD DROP/);
  assert.deepEqual(await readDocker(sh), bare);
  await untilUserPage();
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
});

test("through a restart of containerd, of the daemon, and an upgrade of it", async () => {
  await satellite.box("systemctl", "restart", "containerd");
  await satellite.systemctl("restart");
  await satellite.untilHealthy(HEALTHY_MS);
  mirror = await ReleaseMirror.create([VERSION]);
  const url = await mirror.listen(satellite.sandbox.addresses.uplink.host);
  assert.equal(await installRelease(satellite, url, VERSION), 0);
  await satellite.untilHealthy(HEALTHY_MS);
  assert.match(await satellite.box("eks-satellite", "version"), /0\.0\.9/);
  assert.deepEqual(await readDocker(sh), bare);
  await untilUserPage();
});

test("after a reboot Docker starts it again, and the node is Ready beside it", async () => {
  await sh("sync");
  await satellite.sandbox.reboot();
  await satellite.untilHealthy(HEALTHY_MS);
  await untilPage(satellite);
  await untilUserPage();
  const { bridge, rules } = await readDocker(sh);
  assert.deepEqual([bridge, rules], [bare.bridge, bare.rules]);
  assert.equal(await sh("cat /proc/sys/net/ipv4/ip_forward"), "1");
});

test("a reset takes the node away, and nothing of Docker's", async () => {
  const before = await readDocker(sh);
  await satellite.box("eks-satellite", "reset", "--yes");
  assert.deepEqual(await readDocker(sh), before);
  await untilUserPage();
  assert.equal(await sh(`docker ps --format '{{.Names}}'`), userContainer);
});
