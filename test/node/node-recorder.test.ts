import assert from "node:assert/strict";
import { test } from "node:test";
import { readNodeRecord, writeNodeRecord } from "../../agent/config/node-record.ts";
import { NodeRecorder } from "../../agent/node/node-recorder.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const NODE = { isReady: true, isSchedulable: true, version: "v1.34.4", reason: "KubeletReady", message: "", uid: "1" };
const { stateFolder, cluster } = sampleConfig();

function setUp(yaml = "") {
  const host = new MemoryHost();
  const config = sampleConfig(yaml);
  const { log, messages } = createMemoryLog();
  const notices: string[] = [];
  const recorder = new NodeRecorder({ host, config, log, emit: ({ message }) => void notices.push(message) });
  const see = () => recorder.see(NODE as never);
  return { host, config, recorder, see, notices, messages, read: () => readNodeRecord(host, stateFolder) };
}

test("the name is recorded when the cluster has the Node, and not before, once", async () => {
  const { host, config, recorder, see, read } = setUp();
  await recorder.see(undefined);
  assert.equal(await read(), undefined);
  await see();
  const providerId = `eks-hybrid:///${cluster.region}/${cluster.name}/${config.node.name}`;
  assert.deepEqual(await read(), { name: config.node.name, hostname: "GPU-1", providerId });
  const { length } = host.files.changes;
  await see();
  assert.equal(host.files.changes.length, length);
});

test("a later run finds the record and keeps the host name of the first join", async () => {
  const { host, config, see, read } = setUp();
  await writeNodeRecord(host, stateFolder, {
    name: config.node.name,
    hostname: "first",
    providerId: "of another cluster",
  });
  await see();
  assert.equal((await read())?.hostname, "first");
});

test("another configured name is a second Node: the first is named with the command that deletes it", async () => {
  const { host, see, notices, read } = setUp("node: { name: gpu-2 }");
  await writeNodeRecord(host, stateFolder, { name: "gpu-1", hostname: "GPU-1", providerId: "x" });
  await see();
  assert.equal((await read())?.name, "gpu-2");
  assert.match(notices.join(), /was Node gpu-1 and is Node gpu-2 now.*kubectl delete node gpu-1/);
});

test("a full disk is reported, and the record is written later", async () => {
  const { host, see, messages, read } = setUp();
  host.files.refuseWrites(stateFolder, "ENOSPC");
  await see();
  assert.match(messages("warn").join(), /was not recorded/);
  host.files.allowWrites();
  await see();
  assert.equal((await read())?.hostname, "GPU-1");
});
