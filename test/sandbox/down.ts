// `down`: ends what `up` started and removes what it made, the caches apart.
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { addressesOf } from "./addresses.ts";
import { removeTree } from "./fresh-folder.ts";
import { Instance, instanceIds, instanceRunner } from "./instances/instance.ts";
import { lambdaDaemon } from "./lambda/start.ts";
import { machineOf } from "./machine/kinds.ts";
import { removeNetwork } from "./network.ts";
import { recordedDaemons, stopDaemon } from "./process.ts";
import { hostArch } from "./processor.ts";
import { heldSlot, releaseSlot } from "./slots.ts";
import { readFacts, sandboxFolder } from "./state.ts";

/** What a sandbox's folder holds; anything else in it is not the sandbox's to remove. */
const contents = [
  "run",
  "logs",
  "pki",
  "etcd",
  "authenticator",
  "kubeconfig",
  "aws",
  "registry",
  "services",
  "machine",
  "instances",
  "lambda",
];

/** Takes the sandbox in `folder` down, whatever part of it is there. */
export async function down(folder = sandboxFolder()): Promise<void> {
  const slot = await heldSlot(folder);
  // Half a sandbox has no facts: every kind is cut off alike then, by the processes in its namespace.
  const {
    machine = "nspawn",
    arch = hostArch,
    debian = "bookworm",
    network = "direct",
    docker = false,
  } = (await readFacts(folder)) ?? {};
  // The runners first: they would take a machine that ends for one that powers itself off.
  for (const runner of [instanceRunner, lambdaDaemon]) await stopDaemon(folder, runner, 0);
  if (slot !== undefined) await machineOf(folder, { slot, machine, arch, debian, network, docker }).cutPower();
  if (slot !== undefined)
    await Promise.all((await instanceIds(folder)).map((id) => new Instance(folder, slot, id).end("at once")));
  // No time to end in order: what they would write is removed below.
  await Promise.all((await recordedDaemons(folder)).map((name) => stopDaemon(folder, name, 0)));
  if (slot !== undefined) {
    await removeNetwork(addressesOf(slot));
    await releaseSlot(slot);
  }
  const names = await readdir(folder).catch(() => []);
  // Also "machine.PID.new", which a killed `up` leaves.
  const own = names.filter((name) => contents.includes(name.replace(/(\.\d+)?\.new$/, "")));
  for (const name of own) await removeTree(join(folder, name));
  await rm(join(folder, "state.json"), { force: true });
  await removeIfEmpty(folder);
}

async function removeIfEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => ["absent"]);
  if (names.length === 0) await rmdir(folder);
}
