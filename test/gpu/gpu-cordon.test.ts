import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { explainCordon, GpuCordon, planCordon } from "../../agent/gpu/gpu-cordon.ts";
import type { GpuFault } from "../../agent/gpu/gpu-fault.ts";
import type { CordonPatch, NodeApi, NodeState } from "../../agent/kubernetes/node-api.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { READY } from "../fakes/memory-node-api.ts";
import { sampleConfig } from "../fakes/samples.ts";

const ROUND_MS = 30_000;
const [FIRST, SECOND] = ["0000:06:00.0", "0000:07:00.0"] as const;
const faultOf = (action: GpuFault["action"], busId: string | undefined = FIRST): GpuFault => ({
  ...{ code: "gpu-xid-79", message: "Xid 79: GPU has fallen off the bus.", action },
  ...(busId === undefined ? {} : { busId }),
});
const OFF_THE_BUS = faultOf("reboot");

/** A cluster with one Node, which tells of each change as the watch does. */
function setUp({ yaml = "gpu: { onFatal: cordon }", node = READY as NodeState | undefined } = {}) {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  const notices: string[] = [];
  const server = { node, patches: [] as CordonPatch[], failure: undefined as Error | undefined, calls: 0 };
  const change = async (next: Partial<NodeState> | undefined) => {
    const version = String(Number(server.node?.resourceVersion ?? 0) + 1);
    server.node = next === undefined ? undefined : { ...(server.node ?? READY), ...next, resourceVersion: version };
    await cordon.see(server.node);
  };
  const api = {
    patchCordon: async (_name: string, seen: NodeState, patch: CordonPatch) => {
      server.calls += 1;
      if (server.failure !== undefined) throw server.failure;
      assert.equal(seen.resourceVersion, server.node?.resourceVersion, "the Node has not changed meanwhile");
      server.patches.push(patch);
      const { cordonedFor: _, ...rest } = { ...READY, ...server.node };
      server.node = rest;
      const note = patch.cordonedFor === null ? {} : { cordonedFor: patch.cordonedFor };
      await change({ ...note, ...(patch.isSchedulable === undefined ? {} : { isSchedulable: patch.isSchedulable }) });
    },
  } as unknown as NodeApi;
  const cordon: GpuCordon = new GpuCordon({
    ...{ host, log, config: sampleConfig(yaml), api: () => api },
    emit: ({ type, reason }) => void notices.push(`${type} ${reason}`),
  });
  /** What the rounds see, as often as they look in that many minutes. */
  const rounds = async (minutes: number, faults: readonly GpuFault[], isDecided = true) => {
    for (let round = 0; round < minutes * 2; round += 1) {
      await cordon.judge(faults, isDecided);
      await host.clock.advance(ROUND_MS);
    }
  };
  const shown = () => [server.node?.isSchedulable, server.node?.cordonedFor];
  return { cordon, server, change, rounds, shown, notices, messages };
}

for (const action of ["reset-the-gpu", "reboot", "replace"] as const)
  test(`a fault that asks for ${action} cordons the Node at once and once, and its end uncordons it`, async () => {
    const { cordon, change, server, rounds, shown, notices } = setUp();
    await change({});
    await cordon.judge([faultOf(action)], true);
    assert.deepEqual([shown(), cordon.isCordoned], [[false, FIRST], true]);
    await rounds(5, [faultOf(action)]);
    assert.equal(server.patches.length, 1);
    await rounds(2, []);
    assert.deepEqual([shown(), cordon.isCordoned], [[true, undefined], false]);
    assert.deepEqual(notices, ["Warning CordonedForGpu", "Normal UncordonedForGpu"]);
  });

test("a fault that needs no action on the GPU, or a check of the app, does not cordon the Node", async () => {
  const { change, server, rounds } = setUp();
  await change({});
  await rounds(2, [faultOf("none"), faultOf("check-the-app")]);
  assert.equal(server.calls, 0);
});

test("report, the default, writes nothing to the Node", async () => {
  const { change, server, rounds } = setUp({ yaml: "" });
  await change({});
  await rounds(2, [OFF_THE_BUS]);
  assert.equal(server.calls, 0);
});

test("our cordon ends when the configuration no longer asks for cordons", async () => {
  for (const yaml of ["gpu: { onFatal: report }", "gpu: { onFatal: cordon, mode: off }"]) {
    const { cordon, change, shown } = setUp({ yaml });
    await change({ isSchedulable: false, cordonedFor: FIRST });
    await cordon.judge([OFF_THE_BUS], false);
    assert.deepEqual(shown(), [true, undefined], yaml);
  }
});

test("after a restart the cordon stays until the GPUs have been healthy for a while", async () => {
  const { cordon, change, rounds, shown } = setUp();
  await change({ isSchedulable: false, cordonedFor: FIRST });
  await cordon.judge([], true);
  assert.deepEqual(shown(), [false, FIRST], "the kernel's log may not have been read yet");
  await rounds(10, [], false);
  assert.deepEqual(shown(), [false, FIRST], "their health is not known yet");
  await rounds(1, []);
  assert.deepEqual(shown(), [true, undefined]);
});

test("a user's cordon is neither adopted nor removed", async () => {
  const { change, server, rounds, shown } = setUp();
  await change({ isSchedulable: false });
  await rounds(1, [OFF_THE_BUS]);
  await rounds(2, []);
  assert.deepEqual([shown(), server.calls], [[false, undefined], 0]);
});

test("a Node that a user uncordons in spite of the fault stays so until another GPU fails", async () => {
  const { change, rounds, shown } = setUp();
  await change({});
  await rounds(1, [OFF_THE_BUS]);
  await change({ isSchedulable: true });
  await rounds(2, [OFF_THE_BUS, faultOf("replace")]);
  assert.deepEqual(shown(), [true, FIRST]);
  await rounds(1, [OFF_THE_BUS, faultOf("reboot", SECOND)]);
  assert.deepEqual(shown(), [false, `${FIRST},${SECOND}`]);
});

test("when the fault of a Node that a user uncordoned is gone, only the annotation is removed", () => {
  const patch = planCordon({ ...READY, cordonedFor: FIRST }, { broken: [], isDecided: true });
  assert.deepEqual(patch, { cordonedFor: null });
});

test("a Node that was registered again is cordoned again; a fault without an address belongs to the machine", async () => {
  const { change, rounds, shown } = setUp();
  const stuck: GpuFault = { code: "nvidia-smi-stuck", message: "it hangs", action: "reboot" };
  await change(undefined);
  await rounds(1, [stuck]);
  await change({});
  assert.deepEqual(shown(), [false, "machine"]);
});

test("an unreachable cluster or a conflict is retried in the next round, a refusal after ten minutes", async () => {
  const { change, server, rounds, shown, messages } = setUp();
  await change({});
  for (const code of ["api-unreachable", "api-conflict"]) {
    server.failure = new SatelliteError(code, "no");
    const { calls } = server;
    await rounds(1, [OFF_THE_BUS]);
    assert.equal(server.calls - calls, 2, code);
  }
  assert.deepEqual(messages("info"), []);
  server.failure = new SatelliteError("api-forbidden", "no");
  const { calls } = server;
  await rounds(9, [OFF_THE_BUS]);
  assert.equal(server.calls - calls, 1);
  assert.deepEqual(messages("info"), ["the Node was not cordoned or uncordoned because of its GPUs"]);
  server.failure = undefined;
  await rounds(2, [OFF_THE_BUS]);
  assert.deepEqual(shown(), [false, FIRST]);
});

test("the explanation depends on who cordoned the Node", () => {
  const [byPerson, byUs] = [{}, { cordonedFor: FIRST }].map((note) =>
    explainCordon("gpu-1", { ...READY, isSchedulable: false, ...note }),
  );
  assert.deepEqual([byPerson?.reason, byUs?.reason], ["NodeCordoned", "CordonedForGpu"]);
  assert.match(byUs?.message ?? "", /0000:06:00\.0/);
  assert.match(byUs?.hint ?? "", /daemon uncordons it/);
});
