import assert from "node:assert/strict";
import { test } from "node:test";
import { isNodeNamed, loadConfig } from "../../agent/config/load.ts";
import { writeNodeRecord } from "../../agent/config/node-record.ts";
import { createNodeNameWatch } from "../../agent/node/node-name-watch.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const YAML = "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /keys }\n";

async function setUp(yaml = YAML, stateFolder = "/var/lib/eks-satellite") {
  const host = new MemoryHost();
  host.files.put(FILE, yaml);
  await writeNodeRecord(host, stateFolder, { name: "gpu-0", hostname: "gpu-0", providerId: "eks-hybrid:///r/c/gpu-0" });
  return host;
}

test("without node.name the Node keeps the name of its first join, whatever the host name is", async () => {
  const host = await setUp();
  assert.equal((await loadConfig(host, FILE)).node.name, "gpu-0");
  host.files.drop("/var/lib/eks-satellite/node.json");
  assert.equal((await loadConfig(host, FILE)).node.name, "gpu-1", "before the first join");
});

test("a configured name is taken, and a record that is damaged is none", async () => {
  const named = await setUp(`${YAML}node: { name: other }\n`);
  assert.equal((await loadConfig(named, FILE)).node.name, "other");
  const damaged = await setUp();
  damaged.files.put("/var/lib/eks-satellite/node.json", "{");
  assert.equal((await loadConfig(damaged, FILE)).node.name, "gpu-1");
});

test("the record is where the configuration puts it, and a host name that no Node can have does no harm", async () => {
  const folder = "/mnt/eks-satellite-state";
  const host = await setUp(`${YAML}stateFolder: ${folder}\n`, folder);
  Object.assign(host, { hostname: "GPU_1." });
  assert.equal((await loadConfig(host, FILE)).node.name, "gpu-0");
});

test("another host name than at the first join is reported with both ways out, until the file names the node", async () => {
  const host = await setUp();
  const board = createBoard(createMemoryLog().log, host.clock);
  const watch = createNodeNameWatch({ host, board, file: FILE, config: sampleConfig("node: { name: gpu-0 }") });
  await watch();
  const { status, reason, message, hint } = board.get("NodeNameKept");
  assert.deepEqual([status, reason], ["False", "HostnameChanged"]);
  assert.match(message, /gpu-0 at the first join and is GPU-1 now; this machine stays Node gpu-0/);
  assert.match(hint ?? "", /node\.name: gpu-0 .*eks-satellite reset.*joins as gpu-1/);
  host.files.put(FILE, `${YAML}node: { name: gpu-0 }\n`);
  await watch();
  assert.equal(board.get("NodeNameKept").status, "True");
  host.system = { ...host.system, hostname: "gpu-0" };
  host.files.put(FILE, YAML);
  await watch();
  assert.equal(board.get("NodeNameKept").status, "True");
});

test("whether a text names the node is read from any text", () => {
  const answers = [YAML, `${YAML}node: { name: a }`, `${YAML}node: { ip: 192.0.2.1 }`, "node: [", "", "- 1"].map(
    isNodeNamed,
  );
  assert.deepEqual(answers, [false, true, false, false, false, false]);
});
