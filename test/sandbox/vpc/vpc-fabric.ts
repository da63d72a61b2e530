// The VPC of one sandbox for as long as it lives: follows AWS's description and the fabric's ports.
//   vpc-fabric.ts FOLDER
import { watch } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { addressesOf } from "../addresses.ts";
import { readFacts, writeAtomic } from "../state.ts";
import { cloudPath, readCloud } from "./cloud.ts";
import { Fabric, renderProgram } from "./fabric.ts";
import { readLinks } from "./ports.ts";
import { appliedPath, digestOf } from "./settle.ts";

/** A port that comes is served as soon; a change of AWS's, at once. */
const roundMs = 500;

const [folder = ""] = process.argv.slice(2);
const facts = await readFacts(folder);
const addresses = facts && addressesOf(facts.slot, facts.network);
const vpc = addresses?.vpc;
if (addresses === undefined || vpc === undefined) throw new Error(`the sandbox in ${folder} has no VPC`);
const fabric = new Fabric(addresses, vpc);
await fabric.reset();
let wake = () => {};
watch(dirname(cloudPath(folder)), (_, name) => name === "cloud.json" && wake());

for (let written = ""; ; ) {
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  try {
    const program = renderProgram(await readCloud(folder), await readLinks(vpc.fabricNamespace), vpc);
    for (const line of await fabric.apply(program)) console.log(line);
    const digest = digestOf(program);
    if (digest !== written) await writeAtomic(appliedPath(folder), digest);
    written = digest;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  await Promise.race([woken, delay(roundMs)]);
}
