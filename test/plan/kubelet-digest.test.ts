import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { kubeletDigest } from "../../agent/plan/kubelet-digest.ts";
import { type Facts, type NodePlan, planNode } from "../../agent/plan/node-plan.ts";
import { otherCa } from "../fakes/certificates.ts";
import { plannedFile } from "../fakes/rounds.ts";
import { sampleCluster, sampleConfig, sampleFacts } from "../fakes/samples.ts";

const FACTS = sampleFacts();
const CONFIG = sampleConfig();

test("kubelet's digest changes with what it reads at its start, and with nothing else", () => {
  const digest = (facts: Partial<Facts>, config = CONFIG) => kubeletDigest(planNode(config, { ...FACTS, ...facts }));
  const before = digest({});
  assert.equal(digest({}), before);
  assert.equal(digest({ cluster: sampleCluster({ fetchedAtMs: 1, version: "1.35" }) }), before);
  assert.equal(digest({ containerd: { version: "2.2.0", config: { kind: "absent" } } }), before);
  assert.equal(digest({}, sampleConfig("intervals: { tokenSeconds: 60 }")), before);
  const others = [
    digest({ cluster: sampleCluster({ caPem: otherCa }) }),
    digest({ cluster: sampleCluster({ endpoint: "https://other" }) }),
    digest({}, sampleConfig("kubelet: { maxPods: 7 }")),
    digest({}, sampleConfig("kubelet: { flags: { v: 2 } }")),
    digest({}, sampleConfig("node: { labels: { a: b } }")),
  ];
  assert.equal(new Set([before, ...others]).size, others.length + 1);
});

test("the digest's bytes stay between versions: another digest restarts kubelet on every machine that is upgraded", () => {
  const plan: Pick<NodePlan, "resources" | "kubelet"> = {
    kubelet: { path: "/usr/bin/kubelet", args: ["--v=2"] },
    resources: [
      plannedFile("/etc/a", "A", { reader: "kubelet" }),
      plannedFile("/etc/other", "O"),
      plannedFile("/etc/b", "B", { reader: "kubelet" }),
    ],
  };
  const text = '{"path":"/usr/bin/kubelet","args":["--v=2"]}\0/etc/a\0A\0/etc/b\0B';
  const digest = kubeletDigest({ decided: [], problems: [], tunnel: undefined, tunnelProblem: undefined, ...plan });
  assert.equal(digest, createHash("sha256").update(text).digest("hex"));
});
