// Connections that passed another gateway for a while: this one's kernel knows a part of them, or nothing.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { findPrograms } from "../network/real/programs.ts";
import { GATEWAY, PeersLab, SATELLITES, VPC_HOST, type Way } from "./real/peers-lab.ts";

const programs = findPrograms();
const skip = typeof programs === "string" ? programs : false;
/** More than a window of TCP in a second: what a kernel that saw the beginning alone takes for another connection's. */
const ORDER = { blocks: 60, everyMs: 50, bytes: 64 * 1024 } as const;

const [HERE, ELSEWHERE] = [
  ["gateway", "gateway"],
  ["other", "other"],
] as const;

describe("a gateway that takes over", { skip, concurrency: 1 }, () => {
  let lab: PeersLab;
  before(async () => {
    if (typeof programs === "string") return;
    lab = new PeersLab(programs);
    await lab.up();
    await lab.addOtherWay("a");
    await lab.device.apply({
      peers: [{ publicKey: lab.publicKey("a"), allowedIps: [`${SATELLITES.a}/32`] }],
      routes: [{ network: "10.250.0.0/24" }],
      policy: { address: GATEWAY, mtu: 1420, vpcCidrs: ["10.20.0.0/16"], services: [], allow: [] },
    });
    assert.ok((await lab.packets("vpc", SATELLITES.a, { count: 10, everyMs: 500, from: VPC_HOST })) > 0);
  });
  after(() => lab?.down());

  const lead = (there: Way, back: Way = there) => lab.lead("a", { there, back });

  /** Has a connection go these ways, a second each; the last one until its end. */
  async function converse(
    mode: "talk" | "hear",
    ...ways: readonly (readonly [there: Way, back: Way])[]
  ): Promise<number> {
    const [first = HERE, ...others] = ways;
    await lead(...first);
    const blocks = lab.converse(mode, "a", ORDER);
    for (const way of others) {
      await delay(1000);
      await lead(...way);
    }
    return blocks;
  }

  for (const mode of ["talk", "hear"] as const) {
    const what = mode === "talk" ? "what the VPC asks and a satellite answers" : "what a satellite sends unasked";

    test(`${what}, over a connection that was another's for a second, goes on`, async () => {
      assert.equal(await converse(mode, HERE, ELSEWHERE, HERE), ORDER.blocks);
    });

    test(`${what}, over a connection that began elsewhere, goes on`, async () => {
      assert.equal(await converse(mode, ELSEWHERE, HERE), ORDER.blocks);
    });

    test(`${what} passes here while the VPC's side is led elsewhere already`, async () => {
      assert.equal(await converse(mode, HERE, ["other", "gateway"], ELSEWHERE), ORDER.blocks);
    });

    test(`${what}, over a connection whose beginning alone passed here, goes on when it comes back`, async () => {
      assert.equal(await converse(mode, ["gateway", "other"], HERE), ORDER.blocks);
    });
  }

  test("what opens a connection is refused as ever", async () => {
    await lead(...HERE);
    await lab.listen("vpc", VPC_HOST, 80);
    assert.equal((await lab.connect("a", VPC_HOST, 80)).reach, "silent");
  });
});
