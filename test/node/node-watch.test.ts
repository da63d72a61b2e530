import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";

import { READY, setUpNodeWatch, UNAUTHORIZED, UNREADY } from "../fakes/memory-node-api.ts";

test("a Ready Node is reported once, with kubelet's version", async () => {
  const { host, board, api, seen, status } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.send({ kind: "seen", node: READY });
  assert.deepEqual([status(), seen.ready], [["True", "KubeletReady"], 1]);
  assert.match(board.get("NodeReady").message, /gpu-1 is Ready with kubelet v1\.34\.4/);
});

test("a Node that stops being Ready is reported with kubelet's reason, and one that recovers is Ready again", async () => {
  const { host, board, api, seen, status } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.send({ kind: "seen", node: UNREADY });
  assert.deepEqual([status(), board.get("NodeReady").pending?.reason], [["True", "KubeletReady"], "KubeletNotReady"]);
  await host.clock.advance(10_000);
  assert.deepEqual(status(), ["False", "KubeletNotReady"]);
  assert.match(board.get("NodeReady").message, /PLEG is not healthy/);
  api.send({ kind: "seen", node: READY });
  assert.deepEqual([status(), seen.ready], [["True", "KubeletReady"], 2]);
});

test("a Node whose address changes is reported once, and one that gets its first is not", async () => {
  const { host, api, seen } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  for (const address of ["192.168.1.10", "10.250.0.11", "10.250.0.11"])
    api.send({ kind: "seen", node: { ...READY, address } });
  assert.deepEqual(seen.moves, ["192.168.1.10 → 10.250.0.11"]);
});

test("a deleted Node restarts kubelet at once, and once", async () => {
  const { host, api, seen, messages } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.node = undefined;
  api.send({ kind: "deleted" });
  assert.equal(seen.gone, 1);
  await host.clock.advance(15_000);
  assert.equal(seen.gone, 1, "kubelet gets the time to register");
  assert.match(messages("warn").join(), /the Node is gone from the cluster/);
});

test("a Node that vanished while the watch was broken restarts kubelet within 30 s", async () => {
  const { host, api, seen } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.node = undefined;
  api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
  await host.clock.advance(30_000);
  assert.equal(seen.gone, 1);
});

test("a Node that is not there right after kubelet's start is registering, not gone", async () => {
  const { host, api, seen, status } = setUpNodeWatch(undefined, 0);
  await host.clock.advance(10_000);
  assert.deepEqual([status(), seen.gone], [["Unknown", "Registering"], 0]);
  api.node = READY;
  api.endWatch();
  await host.clock.advance(11_000);
  assert.deepEqual([status(), seen.gone], [["True", "KubeletReady"], 0]);
});

test("a Node that kubelet has not registered after 20 s is gone: kubelet is restarted", async () => {
  const { host, api, seen } = setUpNodeWatch(undefined, 0);
  for (let second = 0; second < 35; second += 1) {
    api.endWatch();
    await host.clock.advance(1000);
  }
  assert.equal(seen.gone, 1);
});

test("without a running kubelet a missing Node restarts nothing", async () => {
  const { host, api, kubelet, seen, status } = setUpNodeWatch(undefined);
  kubelet.beganMs = undefined;
  for (let second = 0; second < 60; second += 1) {
    api.endWatch();
    await host.clock.advance(1000);
  }
  assert.deepEqual([seen.gone, status()], [0, ["Unknown", "Registering"]]);
});

test("a refused token is replaced", async () => {
  const { host, api, seen, status, reasonOf } = setUpNodeWatch(READY, 0, UNAUTHORIZED);
  await host.clock.advance(0);
  assert.deepEqual([status(), seen.unauthorized], [["Unknown", "NotAsked"], 1]);
  assert.deepEqual(reasonOf("IdentityAccepted"), ["False", "ApiUnauthorized"]);
  assert.deepEqual(reasonOf("ApiReachable"), ["True", "Answers"]);
  api.failure = undefined;
  await host.clock.advance(1000);
  assert.deepEqual(status(), ["True", "KubeletReady"]);
});

test("a read that the cluster's admission denies is no doubt of the identity, nor of the API server", async () => {
  const { host, api, seen, status, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.failure = new SatelliteError("api-denied", "denied by a webhook");
  api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
  await host.clock.advance(60_000);
  assert.deepEqual(
    [reasonOf("IdentityAccepted"), reasonOf("ApiReachable"), status(), seen.unauthorized],
    [["True", "Accepted"], ["True", "Answers"], ["Unknown", "NotAsked"], 0],
  );
});

test("an API server that is overloaded answers: its words are the reason, and the identity stays", async () => {
  const { host, board, api, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.failure = new SatelliteError("api-failed", "the API server answered 503: etcd is away");
  api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
  await host.clock.advance(60_000);
  assert.deepEqual(
    [reasonOf("IdentityAccepted"), reasonOf("ApiReachable")],
    [
      ["True", "Accepted"],
      ["False", "ApiFailed"],
    ],
  );
  assert.match(board.get("ApiReachable").message, /answered 503/);
});

test("an API server that is away restarts no kubelet and is asked ever more rarely", async () => {
  const { host, api, seen, status, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.failure = new SatelliteError("api-unreachable", "the API server does not answer");
  api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
  await host.clock.advance(60_000);
  const early = api.reads;
  await host.clock.advance(600_000);
  assert.deepEqual([status(), seen.gone], [["Unknown", "NotAsked"], 0]);
  assert.deepEqual(reasonOf("ApiReachable"), ["False", "ApiUnreachable"]);
  assert.ok(api.reads - early <= 80, `${api.reads - early} reads in ten minutes`);
  api.failure = undefined;
  await host.clock.advance(10_000);
  assert.deepEqual(status(), ["True", "KubeletReady"]);
});

test("a watch that ends as watches do is no news", async () => {
  const { host, api, status, messages } = setUpNodeWatch(READY);
  await host.clock.advance(120_000);
  api.endWatch(new SatelliteError("watch-ended", "the watch ended"));
  await host.clock.advance(10_000);
  assert.deepEqual([status(), messages("warn"), messages("error")], [["True", "KubeletReady"], [], []]);
});

test("nothing is asked while the cluster is not known, and soon after it is", async () => {
  const { host, api, known, status } = setUpNodeWatch(READY);
  known.api = undefined;
  await host.clock.advance(60_000);
  const before = api.reads;
  known.api = api;
  await host.clock.advance(1000);
  assert.equal(api.reads >= before, true);
  assert.deepEqual(status(), ["True", "KubeletReady"]);
});

test("the watch ends with the agent, whether it follows or waits", async () => {
  const following = setUpNodeWatch(READY);
  await following.host.clock.advance(0);
  following.stop.abort();
  await following.watching;
  const waiting = setUpNodeWatch(READY, 0, new SatelliteError("api-unreachable", "away"));
  await waiting.host.clock.advance(0);
  waiting.stop.abort();
  await waiting.watching;
});

test("a cordoned Node is reported with how to uncordon it, and is still Ready", async () => {
  const { host, board, api, status, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  assert.deepEqual(reasonOf("NodeSchedulable"), ["True", "Schedulable"]);
  api.send({ kind: "seen", node: { ...READY, isSchedulable: false } });
  assert.deepEqual(
    [status(), reasonOf("NodeSchedulable")],
    [
      ["True", "KubeletReady"],
      ["False", "NodeCordoned"],
    ],
  );
  assert.match(board.get("NodeSchedulable").hint ?? "", /kubectl uncordon gpu-1/);
});

test("a Node that was cordoned for its GPUs is reported as that, and follows from their fault", async () => {
  const { host, board, api, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  board.setFailed("GpuHealthy", new SatelliteError("gpu-xid-79", "Xid 79"));
  api.send({ kind: "seen", node: { ...READY, isSchedulable: false, cordonedFor: "0000:06:00.0" } });
  assert.deepEqual(reasonOf("NodeSchedulable"), ["False", "CordonedForGpu"]);
  const causes = board.rootCauses().map(({ type }) => type);
  assert.deepEqual(causes, ["GpuHealthy"]);
});

test("an open watch does not hide that the identity is no longer taken: the Node is read anew, once in ten seconds", async () => {
  const { host, api, seen, watch, reasonOf } = setUpNodeWatch(READY);
  await host.clock.advance(0);
  api.failure = UNAUTHORIZED;
  await host.clock.advance(60_000);
  assert.deepEqual(reasonOf("IdentityAccepted"), ["True", "Accepted"], "the Node has not been read again");
  watch.lookAgain();
  await host.clock.advance(20_000);
  assert.deepEqual([reasonOf("IdentityAccepted"), seen.unauthorized > 0], [["False", "ApiUnauthorized"], true]);
  api.failure = undefined;
  await host.clock.advance(10_000);
  assert.deepEqual(reasonOf("IdentityAccepted"), ["True", "Accepted"]);
  const { reads } = api;
  for (let complaint = 0; complaint < 50; complaint += 1) {
    watch.lookAgain();
    await host.clock.advance(100);
  }
  await host.clock.advance(20_000);
  assert.equal(api.reads, reads + 1);
});

test("a Node that is never registered is reported when kubelet's grace is over, though no event comes, and kubelet runs on", async () => {
  const { host, board, seen, status, watch } = setUpNodeWatch(undefined, 0);
  await host.clock.advance(19_000);
  watch.judge();
  assert.deepEqual(status(), ["Unknown", "Registering"]);
  await host.clock.advance(2000);
  watch.judge();
  assert.deepEqual(status(), ["False", "NodeNotRegistered"]);
  assert.match(board.get("NodeReady").hint ?? "", /webhook/);
  assert.equal(seen.gone, 0);
});

test("a Node that is not Ready in kubelet's first seconds is reported as such when they are over, without another event", async () => {
  const { host, status, watch } = setUpNodeWatch({ ...READY, isReady: false, reason: "KubeletNotReady" }, 0);
  await host.clock.advance(1000);
  assert.deepEqual(status(), ["Unknown", "KubeletNotReady"]);
  await host.clock.advance(20_000);
  watch.judge();
  assert.deepEqual(status(), ["False", "KubeletNotReady"]);
});

test("what was not excused is not judged again", async () => {
  const { host, status, watch } = setUpNodeWatch(READY);
  await host.clock.advance(60_000);
  watch.judge();
  assert.deepEqual(status(), ["True", "KubeletReady"]);
});
