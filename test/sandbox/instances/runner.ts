// Boots and ends containers as EC2's instances, and reports to AWS what they have become, for as long as the sandbox lives.
//   runner.ts FOLDER
import { watch } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openSandbox } from "../sandbox.ts";
import { cloudPath, type InstanceState, readCloud } from "../vpc/cloud.ts";
import { reportState } from "./hypervisor.ts";
import { Instance, instanceIds } from "./instance.ts";
import { nextStep, type Step } from "./next-step.ts";

/** An instance that ends by itself is found by looking. */
const LOOK_MS = 1000;
/** A step that failed is tried again after this. */
const RETRY_MS = 5000;

const [folder = ""] = process.argv.slice(2);
const sandbox = await openSandbox(folder);
const busy = new Set<string>();

for (;;) {
  await lookAtAll().catch((error: unknown) => console.error(`AWS is not to be read: ${describe(error)}`));
  await nextChange();
}

async function lookAtAll(): Promise<void> {
  const { instances } = await readCloud(folder);
  const states = new Map(instances.map(({ id, state }) => [id, state]));
  const files = await instanceIds(folder);
  for (const id of new Set([...states.keys(), ...files])) {
    const isGone = states.get(id) === "terminated" && !files.includes(id);
    if (isGone || busy.has(id)) continue;
    busy.add(id);
    look(id, states.get(id), files.includes(id)).finally(() => busy.delete(id));
  }
}

async function look(id: string, state: InstanceState | undefined, hasFiles: boolean): Promise<void> {
  const instance = new Instance(folder, sandbox.facts.slot, id);
  try {
    const step = nextStep(state, { isRunning: await instance.isRunning(), isHeld: instance.isHeld, hasFiles });
    if (step === undefined) return;
    console.error(`${id} is ${state ?? "unknown"}: ${step.kind === "report" ? `report ${step.state}` : step.kind}`);
    const reached = await perform(instance, step);
    if (state !== undefined && reached !== state) await reportState(sandbox.facts.slot, id, reached);
  } catch (error) {
    console.error(`${id}: ${describe(error)}`);
    await delay(RETRY_MS);
  }
}

async function perform(instance: Instance, step: Step): Promise<InstanceState> {
  switch (step.kind) {
    case "launch":
      await instance.launch(sandbox);
      return "running";
    case "stop":
      await instance.end("in order");
      return "stopped";
    case "remove":
      await instance.remove();
      return "terminated";
    case "report":
      return step.state;
  }
}

/** Resolves when AWS's description is another, or it is time to look. */
function nextChange(): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(dirname(cloudPath(folder)), (_, name) => {
      if (name === "cloud.json") done();
    });
    const timer = setTimeout(done, LOOK_MS);
    function done(): void {
      watcher.close();
      clearTimeout(timer);
      resolve();
    }
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
