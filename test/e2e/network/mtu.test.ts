// Large packets in the tunnel: a link that takes less and says nothing, with fragments and without, and a VPC with jumbo frames.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, beforeEach, test } from "node:test";
import { execIn } from "../../sandbox/links.ts";
import { nodeName } from "../../sandbox/state.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { bringUpInVpc, type Connected, joinThroughGateway } from "./connected.ts";

const ANNOTATION = "eks-satellite.io/tunnel-mtu";
const PORT = 7008;
const BYTES = 400_000;

let connected: Connected;
let address: string;
before(async () => {
  connected = await bringUpInVpc();
  await joinThroughGateway(connected);
  address = /inet (\S+)\/32 .* lo:es0/.exec(await box("ip", "address", "show", "dev", "lo"))?.[1] ?? "";
});
after(() => connected?.close());
beforeEach(() => connected.satellite.untilHealthy(180_000));

const box = (...command: string[]) => connected.satellite.box(...command);

/** Whether 400 kB reach the other side of the tunnel within some seconds, each way, asked from the control plane. */
async function transfers(): Promise<{ readonly download: boolean; readonly upload: boolean }> {
  const { controlNamespace, machineNamespace } = connected.sandbox.addresses;
  const server = `require("http").createServer((request, response) => {
    if (request.method === "GET") return response.end(Buffer.alloc(${BYTES}));
    request.resume().on("end", () => response.end("ok"));
  }).listen(${PORT}, "${address}", () => console.log("listening"));`;
  const child = spawn("ip", ["netns", "exec", machineNamespace, process.execPath, "--eval", server], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  // What the kernel has learned of the way is another test's.
  for (const namespace of [controlNamespace, machineNamespace]) {
    await execIn(namespace, ["ip", "route", "flush", "cache"]);
    await execIn(namespace, ["ip", "tcp_metrics", "flush"]).catch(() => undefined); // There are none.
  }
  const curl = (args: readonly string[], input?: string) =>
    execIn(
      controlNamespace,
      ["curl", "--silent", "--fail", "--max-time", "6", ...args, `http://${address}:${PORT}/`],
      input,
    ).then(
      () => true,
      () => false,
    );
  try {
    const download = await curl(["--output", "/dev/null"]);
    return { download, upload: await curl(["--data-binary", "@-"], "x".repeat(BYTES)) };
  } finally {
    child.kill();
  }
}

/** Whether a datagram that fills a packet of so many bytes comes back, from the control plane. */
async function comesBack(bytes: number): Promise<boolean> {
  const { controlNamespace, machineNamespace } = connected.sandbox.addresses;
  const echo = `const s = require("dgram").createSocket("udp4"); s.on("message", (m, r) => s.send(m, r.port, r.address)); s.bind(${PORT}, "${address}", () => console.log("listening"));`;
  const ask = `const s = require("dgram").createSocket("udp4"); s.on("error", () => {}); s.on("message", () => process.exit(0)); setInterval(() => s.send(Buffer.alloc(${bytes - 28}), ${PORT}, "${address}", () => {}), 300); setTimeout(() => process.exit(1), 2500);`;
  const child = spawn("ip", ["netns", "exec", machineNamespace, process.execPath, "--eval", echo], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  try {
    return await execIn(controlNamespace, [process.execPath, "--eval", ask]).then(
      () => true,
      () => false,
    );
  } finally {
    child.kill();
  }
}

const linkMtu = async () => Number(/ mtu (\d+) /.exec(await box("ip", "link", "show", "es0"))?.[1]);

async function gatewayRoute(): Promise<string> {
  return (
    await (await connected.sandbox.gateway()).run(["ip", "route", "show", address, "dev", "esgw0"])
  ).stdout.trim();
}

/** Both ends have the size. */
async function untilMtu(mtu: number, deadlineMs = 90_000): Promise<void> {
  let seen: unknown;
  const wait = { what: `an MTU of ${mtu}`, deadlineMs, intervalMs: 500, explain: () => JSON.stringify(seen) };
  await waitFor(wait, async () => {
    const node = JSON.parse(await connected.sandbox.kubectl(["get", "node", nodeName, "--output=json"]));
    const [link, route, said] = [await linkMtu(), await gatewayRoute(), node.metadata.annotations[ANNOTATION]];
    seen = { link, route, said };
    const isLowered = mtu < 1420;
    return (
      link === mtu && said === (isLowered ? String(mtu) : undefined) && route.endsWith(` mtu ${mtu}`) === isLowered
    );
  });
}

test("a VPC with jumbo frames whose ICMP is dropped: 400 kB pass both ways, at the tunnel's full MTU", async () => {
  const { vpc, addresses } = connected.sandbox;
  assert.match((await execIn(addresses.controlNamespace, ["ip", "link", "show", "eni0"])).stdout, / mtu 9001 /);
  await vpc.icmp("drop");
  try {
    assert.deepEqual(await transfers(), { download: true, upload: true });
    assert.equal(await linkMtu(), 1420);
  } finally {
    await vpc.icmp("allow");
  }
});

test("a silent link of 1400 bytes that lets fragments pass: 400 kB pass both ways a minute later, at whatever size", async () => {
  await connected.sandbox.nat.mtu(1400, { silent: true });
  try {
    await connected.satellite.systemctl("restart");
    await connected.satellite.untilReason("TunnelUp", "GatewayAnswers");
    const wait = { what: "400 kB each way", deadlineMs: 60_000, intervalMs: 2000 };
    await waitFor(wait, async () => Object.values(await transfers()).every(Boolean));
    console.log("a silent link of 1400 bytes with fragments: the tunnel's MTU is", await linkMtu());
  } finally {
    await connected.sandbox.nat.mtu(1500);
  }
  await connected.satellite.systemctl("restart");
  await untilMtu(1420);
});

test("the same without fragments is a black hole, which is found: 1328 on both ends, and everything passes; later 1420 again", async () => {
  const { nat } = connected.sandbox;
  await nat.mtu(1400, { silent: true });
  await nat.fragments("drop");
  try {
    assert.equal(await comesBack(1400), false, "the hole is there");
    await connected.satellite.systemctl("restart");
    const began = performance.now();
    await untilMtu(1328);
    console.log(`1328 bytes on both ends ${Math.round((performance.now() - began) / 1000)} s after the start`);
    assert.deepEqual(await transfers(), { download: true, upload: true });
    assert.equal(await comesBack(1328), true);
    await connected.satellite.untilReason("TunnelUp", "GatewayAnswers");
    assert.match(await box("curl", "--silent", "http://127.0.0.1:9911/metrics"), /tunnel_mtu_bytes 1328\n/);
    assert.match(await box("curl", "--silent", "http://127.0.0.1:9911/status"), /TunnelMtuLowered/);
  } finally {
    await nat.fragments("allow");
    await nat.mtu(1500);
  }
  await connected.satellite.systemctl("restart");
  await untilMtu(1420);
});

test("a link that takes less than any tunnel needs is named MtuBlackHole, and the node stays Ready", async () => {
  const { nat } = connected.sandbox;
  await nat.mtu(1300, { silent: true });
  await nat.fragments("drop");
  try {
    await connected.satellite.systemctl("restart");
    const { hint } = await connected.satellite.untilReason("TunnelUp", "MtuBlackHole", 120_000);
    assert.match(hint ?? "", /1340 bytes/);
  } finally {
    await nat.fragments("allow");
    await nat.mtu(1500);
  }
  await connected.satellite.systemctl("restart");
  await untilMtu(1420);
});
