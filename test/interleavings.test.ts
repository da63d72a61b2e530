// Two parts that share a file or a child, one of them held open in the middle of an effect: whatever the order, the newest wins.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATHS } from "../agent/config/paths.ts";
import { clusterCa, otherCa } from "./fakes/certificates.ts";
import { hold } from "./fakes/held-effect.ts";
import { setUpAgent } from "./fakes/memory-agent.ts";
import { settle } from "./fakes/memory-clock.ts";
import { setUpConverger } from "./fakes/memory-converger.ts";
import { sampleCluster } from "./fakes/samples.ts";

const TOKEN = "/run/eks-satellite/kubelet-token";
const isCa = (path: string) => path === PATHS.clusterCa;

test("a preparation of kubelet that comes while a round writes a new CA prepares the new one", async () => {
  const { host, converger, known, specs } = setUpConverger();
  await converger.round();
  known.cluster = sampleCluster({ caPem: otherCa });
  const write = hold(host.files, "write", isCa);
  const round = converger.round();
  await write.reached;
  const preparing = converger.prepareKubelet();
  await settle();
  write.release();
  await round;
  const prepared = await preparing;
  assert.equal(host.files.peek(PATHS.clusterCa)?.content, otherCa);
  assert.equal(prepared.digest, specs.at(-1)?.digest, "kubelet is started with what is in its files");
});

test("a round that comes while kubelet's files are prepared leaves the newest", async () => {
  const { host, converger, known, specs } = setUpConverger();
  await converger.round();
  host.files.put(PATHS.clusterCa, "edited by another process");
  const write = hold(host.files, "write", isCa);
  const preparing = converger.prepareKubelet();
  await write.reached;
  known.cluster = sampleCluster({ caPem: otherCa });
  const round = converger.round();
  await settle();
  write.release();
  const prepared = await preparing;
  await round;
  assert.equal(host.files.peek(PATHS.clusterCa)?.content, otherCa);
  assert.notEqual(prepared.digest, specs.at(-1)?.digest, "kubelet is restarted: it was prepared for the CA before");
});

test("a write of a run that has ended, made late, is repaired by the next run", async (context) => {
  const { host, start } = setUpAgent(context);
  const first = await start();
  host.files.put(PATHS.clusterCa, "edited");
  const late = hold(host.files, "write", isCa);
  await host.clock.advance(31_000);
  await late.reached;
  const ending = first.end();
  await host.clock.advance(16_000);
  await ending;
  await start();
  assert.equal(host.files.peek(PATHS.clusterCa)?.content, clusterCa);
  late.release();
  await settle();
  await host.clock.advance(31_000);
  assert.equal(host.files.peek(PATHS.clusterCa)?.content, clusterCa);
});

test("a download that a stop breaks off has not failed, and the next run begins another", async (context) => {
  const { host, start } = setUpAgent(context);
  host.files.drop("/usr/bin/kubelet");
  const cluster = host.onFetch;
  host.onFetch = (request) => (request.url.includes("manifest") ? new Promise(() => undefined) : cluster(request));
  const { end, messages } = await start();
  const ending = end();
  await host.clock.advance(16_000);
  await ending;
  assert.deepEqual(messages("error"), []);
  host.files.put("/usr/bin/kubelet", "", { mode: 0o755 });
  await start();
  assert.equal(host.spawned.length, 1, "the next run is not kept from starting kubelet");
});

test("a token that is written slowly at the end of a run does not take the place of the next run's", async (context) => {
  const { host, start } = setUpAgent(context);
  const first = await start();
  const slow = hold(host.files, "write", (path) => path === TOKEN);
  await host.clock.advance(310_000);
  await slow.reached;
  const ending = first.end();
  await host.clock.advance(16_000);
  await ending;
  await start();
  slow.release();
  await settle();
  await host.clock.advance(31_000);
  assert.match(host.files.peek(TOKEN)?.content ?? "", /^k8s-aws-v1\./);
  assert.equal(host.spawned.at(-1)?.process.isAlive, true);
});
