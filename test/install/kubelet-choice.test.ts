import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeSkew,
  isWanted,
  type KubeletSituation,
  kubeletVersionSpec,
  refuseSpec,
} from "../../agent/install/kubelet-choice.ts";
import { sampleConfig } from "../fakes/samples.ts";

const AUTO = "kubelet: { upgrade: auto }";

function situation(changes: Partial<KubeletSituation> = {}, config = ""): KubeletSituation {
  const { kubelet } = sampleConfig(config);
  return {
    config: kubelet,
    owner: "agent",
    installed: "1.33.13",
    clusterVersion: "1.34",
    isNodeReady: true,
    ...changes,
  };
}

const CHOICES: readonly (readonly [what: string, given: KubeletSituation, chosen: object | undefined])[] = [
  [
    "an empty machine gets the newest patch of the cluster",
    situation({ owner: "none", installed: undefined }),
    { minor: "1.34" },
  ],
  ["a foreign kubelet stays", situation({ owner: "foreign", installed: undefined }, AUTO), undefined],
  ["without a cluster nothing is chosen", situation({ clusterVersion: undefined }, AUTO), undefined],
  ["by default an installed kubelet stays", situation(), undefined],
  ["kubelet.upgrade: auto follows the cluster", situation({}, AUTO), { minor: "1.34" }],
  ["on a node that is not Ready it waits", situation({ isNodeReady: false }, AUTO), undefined],
  [
    "a kubelet that is too old is replaced on any node",
    situation({ isNodeReady: false, installed: "1.30.1" }, AUTO),
    { minor: "1.34" },
  ],
  ["a configured version is chosen", situation({}, "kubelet: { version: 1.33.2 }"), { version: "1.33.2" }],
  ["a configured version that is installed stays", situation({}, "kubelet: { version: 1.33.13 }"), undefined],
];
for (const [what, given, chosen] of CHOICES)
  test(what, () => {
    assert.deepEqual(kubeletVersionSpec(given), chosen);
  });

test("only a configured version can be refused, and the hint names the range that fits", () => {
  assert.equal(refuseSpec(undefined, "1.34"), undefined);
  assert.equal(refuseSpec({ minor: "1.34" }, "1.34"), undefined);
  assert.equal(refuseSpec({ version: "1.31.0" }, "1.34"), undefined);
  for (const version of ["1.35.0", "1.30.9"]) {
    const refusal = refuseSpec({ version }, "1.34");
    assert.equal(refusal?.code, "version-skew");
    assert.match(refusal?.hint ?? "", /between 1\.31 and 1\.34/);
  }
});

test("an older version replaces the installed one only when it is configured", () => {
  assert.equal(isWanted("1.34.1", undefined, { minor: "1.34" }), true);
  assert.equal(isWanted("1.34.10", "1.34.9", { minor: "1.34" }), true);
  assert.equal(isWanted("1.34.8", "1.34.9", { minor: "1.34" }), false);
  assert.equal(isWanted("1.34.8", "1.34.9", { version: "1.34.8" }), true);
  assert.equal(isWanted("1.34.9", "1.34.9", { version: "1.34.9" }), false);
});

test("the skew is described from one minor version on, with a warning at the third", () => {
  assert.equal(describeSkew("1.34.4", "1.34"), undefined);
  assert.equal(describeSkew("1.33.1", "1.34"), "kubelet 1.33.1 is 1 minor version behind the cluster's 1.34");
  assert.match(describeSkew("1.32.1", "1.34") ?? "", /2 minor versions behind the cluster's 1\.34$/);
  assert.match(describeSkew("1.31.1", "1.34") ?? "", /3 minor versions .*upgrade kubelet before the cluster$/);
});
