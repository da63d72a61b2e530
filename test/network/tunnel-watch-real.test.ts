// The watch's real code on real WireGuard, through a real NAT: how long the control plane's side hears nothing after each fault.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Lab, type Reporter } from "./real/lab.ts";
import { findPrograms } from "./real/programs.ts";

const programs = findPrograms();
const skip = typeof programs === "string" ? programs : false;

describe("the watch on a real tunnel", { skip, concurrency: 1 }, () => {
  let lab: Lab;
  let far: Reporter;
  let near: Reporter;

  before(async () => {
    if (typeof programs === "string") return;
    lab = new Lab(programs);
    await lab.up();
    far = lab.start("gw", "far-end.ts");
    await sleep(1000);
    near = lab.start("sat", "watch-process.ts", lab.satelliteInterface, lab.gatewayKey);
    await until(() => hasTurned(near, "ControlPlaneRoute", "False KubeletUnreachable"), 20_000);
    near.send("kubelet");
    await until(() => hasTurned(near, "ControlPlaneRoute", "True Reachable"), 30_000);
    far.send("ping");
    await until(() => far.lines.length > 5, 5000);
  });

  after(() => lab?.down());

  for (const [what, isCalling, bound] of [
    ["calls its satellites answers within 5 s", true, 5],
    // A knock each 10 s, two that are silent for a second, and a handshake.
    ["does not call them answers within 13 s", false, 13],
  ] as const) {
    test(`under traffic, a gateway that restarts and ${what}`, async (context) => {
      const atMs = Date.now();
      const endpoint = await lab.killGateway();
      await lab.startGateway(isCalling ? endpoint : undefined);
      const silence = await silenceSince(far, atMs);
      context.diagnostic(`silence: ${silence} s`);
      assert.ok(silence <= bound, `${silence} s`);
    });

    test(`while the tunnel is idle, a gateway that restarts and ${what}`, async (context) => {
      far.send("rest");
      await sleep(3000);
      const endpoint = await lab.killGateway();
      await lab.startGateway(isCalling ? endpoint : undefined);
      const atMs = Date.now();
      far.send("ping");
      const silence = await silenceSince(far, atMs);
      context.diagnostic(`silence: ${silence} s`);
      assert.ok(silence <= bound, `${silence} s`);
    });
  }

  test("a NAT that gets another address is no more than 16 s of silence", async (context) => {
    const atMs = Date.now();
    lab.rebindNat();
    const silence = await silenceSince(far, atMs);
    context.diagnostic(`silence: ${silence} s`);
    assert.ok(silence <= 16, `${silence} s`);
  });

  test("a machine that gets another address from its LAN is found within 13 s", async (context) => {
    const atMs = Date.now();
    lab.moveSatellite();
    const silence = await silenceSince(far, atMs);
    context.diagnostic(`silence: ${silence} s`);
    assert.ok(silence <= 13, `${silence} s`);
  });

  test("UDP that is dropped is reported once, and 6 s after it passes again the tunnel is up", async (context) => {
    const before = near.lines.length;
    lab.dropUdp();
    await until(() => hasTurned(near, "TunnelUp", "False GatewayAway"), 25_000);
    lab.passUdp();
    const atMs = Date.now();
    const silence = await silenceSince(far, atMs);
    await until(() => near.lines.slice(before).some(({ reason }) => reason === "GatewayAnswers"), 15_000);
    context.diagnostic(`silence after it passes again: ${silence} s`);
    assert.ok(silence <= 6, `${silence} s`);
    const turns = near.lines.slice(before).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    assert.deepEqual(
      turns.filter((turn) => turn.startsWith("TunnelUp")),
      ["TunnelUp False GatewayAway", "TunnelUp True GatewayAnswers"],
    );
  });
});

function hasTurned({ lines }: Reporter, type: string, outcome: string): boolean {
  return lines.some((line) => line.type === type && `${line.status} ${line.reason}` === outcome);
}

/** From a moment to the first packet that comes back after the longest silence since; it is over when packets came for a second. */
async function silenceSince({ lines }: Reporter, sinceMs: number): Promise<number> {
  const times = () => [sinceMs, ...lines.map(({ atMs }) => Number(atMs)).filter((atMs) => atMs >= sinceMs)];
  const longest = () => Math.max(...times().map((time, index, all) => time - (all[index - 1] ?? time)));
  await sleep(1500); // What was on its way has arrived.
  await until(() => {
    const recent = times().filter((time) => time > Date.now() - 1000);
    return recent.length > 10;
  }, 20_000);
  return Math.round(longest() / 10) / 100;
}

async function until(isTrue: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = Date.now() + deadlineMs;
  while (!isTrue()) {
    assert.ok(Date.now() < endMs, `not within ${deadlineMs / 1000} s`);
    await sleep(50);
  }
}
