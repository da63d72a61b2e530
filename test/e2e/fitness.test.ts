// What `check` found, from kubectl's side; and the hardware, as a machine's own packages show it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitFor } from "../sandbox/wait.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const CHECKED = "eks-satellite.io/checked";

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy(180_000);
});
after(() => satellite.restore());

test("the Node says how many checks ended how, and when; another daemon says the same again and does not check", async () => {
  const checked = async () => (await satellite.sandbox.node()).metadata.annotations?.[CHECKED];
  const found = await waitFor({ what: "the annotation", deadlineMs: 120_000, intervalMs: 1000 }, checked);
  assert.match(found, /^\d+ ok(?:, \d+ (?:failed|warnings?|pending|unknown))*, \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal((await satellite.condition("MachineChecked")).reason, "Checked");
  await satellite.systemctl("restart");
  await satellite.untilHealthy(60_000);
  const { check } = await satellite.status();
  assert.equal(`${check?.at.slice(0, 19)}Z`, found.slice(-20), "the record is of the daemon before");
});

test("the inventory is read by children of the installed program", async () => {
  const inventory = JSON.parse(await satellite.box("eks-satellite", "inventory", "--output", "json"));
  assert.ok(inventory.cpu.cores > 0);
  assert.ok(inventory.network.length > 0);
});
