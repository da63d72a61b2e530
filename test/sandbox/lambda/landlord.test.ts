import assert from "node:assert/strict";
import { test } from "node:test";
import { type LambdaAccount, type LambdaMachine, newAccount } from "./account.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { settleMachines } from "./landlord.ts";
import type { LambdaSettings } from "./settings.ts";

const ADDRESSES = { address: "198.18.0.17", privateAddress: "192.168.100.10" };
const MACHINE: LambdaMachine = {
  ...{ id: "00ff", name: "gpu-1", hostname: "gpu-1", status: "booting", region: "us-west-1", type: "gpu_1x_a10" },
  ...{ sshKey: "work", userData: "", fileSystems: [], rulesets: [], tags: [] },
  ...{ isIdle: false, isRestarting: false, changedAtMs: 0 },
};

/** Rounds over one machine, with a hypervisor that remembers what it was asked for. */
function rounds(change: Partial<LambdaMachine> = {}, settings: LambdaSettings = {}) {
  const world = {
    account: { ...newAccount("key", "ssh-ed25519 AAAA"), machines: [{ ...MACHINE, ...change }] } as LambdaAccount,
    isRunning: false,
    done: [] as string[],
    nowMs: 0,
    /** Happens while a machine is launched. */
    meanwhile: () => {},
  };
  const hypervisor: Hypervisor = {
    isRunning: async () => world.isRunning,
    launch: async () => {
      world.done.push("launch");
      world.isRunning = true;
      world.meanwhile();
      return ADDRESSES;
    },
    restart: async () => void world.done.push("restart"),
    remove: async () => {
      world.done.push("remove");
      world.isRunning = false;
    },
    filter: async () => {},
  };
  const change_ = async (work: (account: LambdaAccount) => LambdaAccount) => (world.account = work(world.account));
  const round = async () => {
    await settleMachines({
      ...{ hypervisor, log: () => {}, now: () => world.nowMs, settings: async () => settings },
      server: { change: change_ },
    });
    return world.account.machines[0];
  };
  return { world, round };
}

test("a launch boots the machine once, and gives it its addresses", async () => {
  const { world, round } = rounds();
  const machine = await round();
  assert.deepEqual([machine?.status, machine?.address], ["active", ADDRESSES.address]);
  await round();
  assert.deepEqual(world.done, ["launch"]);
});

test("a machine that is terminated while it is launched is removed, and is not active in between", async () => {
  const { world, round } = rounds();
  world.meanwhile = () => {
    world.account = {
      ...world.account,
      machines: world.account.machines.map((one) => ({ ...one, status: "terminating" })),
    };
  };
  assert.equal((await round())?.status, "terminating");
  assert.equal((await round())?.status, "terminated");
  assert.deepEqual(world.done, ["launch", "remove"]);
  world.nowMs = 600_000;
  assert.equal(await round(), undefined, "it is forgotten in the end");
});

test("a shutdown from within is no termination: the machine is unhealthy", async () => {
  const { world, round } = rounds({ status: "active" });
  assert.equal((await round())?.status, "unhealthy");
  world.isRunning = true;
  assert.equal((await round())?.status, "active");
});

test("a restart is done once", async () => {
  const { world, round } = rounds({ isRestarting: true });
  world.isRunning = true;
  assert.deepEqual([(await round())?.status, (await round())?.isRestarting], ["active", false]);
  assert.deepEqual(world.done, ["restart"]);
});

test("a preempted machine is taken away, and stays in the list", async () => {
  const { world, round } = rounds({ status: "active" }, { preempts: ["gpu-1"] });
  world.isRunning = true;
  await round();
  assert.equal((await round())?.status, "preempted");
  assert.deepEqual(world.done, ["remove"]);
});

test("an idle machine gets an address of a documentation's network, and nothing is booted", async () => {
  const { world, round } = rounds({ isIdle: true });
  world.nowMs = 2000;
  const machine = await round();
  assert.deepEqual([machine?.status, machine?.address], ["active", "203.0.113.2"]);
  assert.deepEqual(world.done, []);
});
