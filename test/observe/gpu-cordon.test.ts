import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { GpuCordon } from "../../agent/observe/gpu-cordon.ts";
import type { GpuFault } from "../../agent/observe/gpu-faults.ts";
import type { NodeCordon } from "../../agent/observe/node-api.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { MemoryApi } from "../fakes/memory-node-api.ts";
import { sampleConfig } from "../fakes/samples.ts";

const XID: GpuFault = { code: "gpu-xid-79", busId: "0000:06:00.0", message: "fell off", action: "reboot" };
const HOT: GpuFault = { code: "gpu-slowdown", busId: "0000:06:00.0", message: "hot", action: "none" };

/** A cluster with one Node, which a test cordons as a person does. */
class CordonApi extends MemoryApi {
  cordon: NodeCordon | undefined = { isCordoned: false, cordonedFor: undefined };
  asked = 0;
  refusal: Error | undefined;

  override async readCordon(): Promise<NodeCordon | undefined> {
    this.asked += 1;
    if (this.refusal !== undefined) throw this.refusal;
    return this.cordon;
  }

  override async patchCordon(_name: string, fault: string | null): Promise<void> {
    this.cordon = { isCordoned: fault !== null, cordonedFor: fault ?? undefined };
  }
}

function setUp(gpu = "gpu: { onFatal: cordon }") {
  const { log, messages } = createMemoryLog();
  const board = createBoard(log, new MemoryHost().clock);
  for (const type of ["ApiReachable", "GpuHealthy", "GpusPresent"] as const) board.setTrue(type, "Good", "good");
  const api = new CordonApi();
  const cordon = new GpuCordon({ config: sampleConfig(gpu), board, log, api: () => api });
  const ill = () => board.setFailed("GpuHealthy", new SatelliteError("gpu-xid-79", "fell off"));
  const well = () => board.setTrue("GpuHealthy", "Healthy", "good");
  const warnings = () => messages("warn").filter((message) => message !== "fell off");
  return { api, board, cordon, warnings, ill, well };
}

test("a fault that needs a reboot cordons the Node once, and its end uncordons it", async () => {
  const { api, cordon, warnings, ill, well } = setUp();
  ill();
  await cordon.keep([HOT, XID]);
  await cordon.keep([HOT, XID]);
  assert.deepEqual(api.cordon, { isCordoned: true, cordonedFor: "gpu-xid-79" });
  assert.deepEqual(warnings(), ["Node gpu-1 was cordoned, for gpu.onFatal is cordon; pods that run stay"]);
  well();
  await cordon.keep([HOT]);
  assert.deepEqual(api.cordon, { isCordoned: false, cordonedFor: undefined });
});

test("after a reboot the cordon of before is taken back", async () => {
  const { api, cordon } = setUp();
  api.cordon = { isCordoned: true, cordonedFor: "gpu-xid-79" };
  await cordon.keep([]);
  assert.equal(api.cordon.isCordoned, false);
});

test("as long as nobody knows that the GPUs are well, a cordon stays", async () => {
  const { api, cordon, board } = setUp();
  api.cordon = { isCordoned: true, cordonedFor: "gpu-xid-79" };
  board.set("GpuHealthy", { status: "Unknown", reason: "NoDriver", message: "" });
  await cordon.keep([]);
  assert.equal(api.cordon.isCordoned, true);
});

test("a person's cordon is neither taken over nor taken back", async () => {
  const { api, cordon, ill, well } = setUp();
  api.cordon = { isCordoned: true, cordonedFor: undefined };
  ill();
  await cordon.keep([XID]);
  well();
  await cordon.keep([]);
  assert.deepEqual(api.cordon, { isCordoned: true, cordonedFor: undefined });
});

test("a Node that a person uncordons is left so, for this fault", async () => {
  const { api, cordon, ill } = setUp();
  ill();
  await cordon.keep([XID]);
  api.cordon = { isCordoned: false, cordonedFor: "gpu-xid-79" };
  cordon.forget();
  await cordon.keep([XID]);
  assert.equal(api.cordon.isCordoned, false);
});

test("report cordons nothing; healthy GPUs cost one look at the Node", async () => {
  const { api, cordon, ill } = setUp("gpu: { onFatal: report }");
  for (let round = 0; round < 5; round += 1) await cordon.keep([]);
  assert.equal(api.asked, 1);
  ill();
  await cordon.keep([XID]);
  assert.equal(api.cordon?.isCordoned, false);
});

test("a cluster that does not let the node do it is told once; one that does not answer is asked again", async () => {
  const { api, cordon, warnings, ill } = setUp();
  ill();
  api.refusal = new SatelliteError("api-unreachable", "no answer");
  await cordon.keep([XID]);
  assert.deepEqual(warnings(), []);
  api.refusal = new SatelliteError("api-forbidden", "no");
  await cordon.keep([XID]);
  await cordon.keep([XID]);
  assert.equal(warnings().length, 1);
  assert.equal(api.asked, 2);
});
