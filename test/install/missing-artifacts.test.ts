import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeletSituation } from "../../agent/install/kubelet-choice.ts";
import {
  type ArtifactNeeds,
  artifactsMissing,
  hasNeeds,
  onTrial,
  reportSkew,
  rolledBack,
  stateOfNodeBinary,
} from "../../agent/install/missing-artifacts.ts";
import { sampleConfig } from "../fakes/samples.ts";

const NO_NEEDS: ArtifactNeeds = { kubelet: undefined, provider: "fine", plugins: "fine", helper: undefined };

function situation(changes: Partial<KubeletSituation> = {}, config = ""): KubeletSituation {
  const { kubelet } = sampleConfig(config);
  return {
    config: kubelet,
    owner: "agent",
    installed: "1.34.4",
    clusterVersion: "1.34",
    isNodeReady: true,
    ...changes,
  };
}

test("each artifact that is missing or of another release is a need", () => {
  assert.equal(hasNeeds(NO_NEEDS), false);
  assert.equal(hasNeeds({ ...NO_NEEDS, kubelet: { minor: "1.34" } }), true);
  assert.equal(hasNeeds({ ...NO_NEEDS, provider: "other-release" }), true);
  assert.equal(hasNeeds({ ...NO_NEEDS, plugins: "missing" }), true);
  assert.equal(hasNeeds({ ...NO_NEEDS, helper: "/usr/local/bin/aws_signing_helper" }), true);
});

test("a download follows kubelet's release; a foreign program, or one beside a foreign kubelet, is fine", () => {
  assert.equal(stateOfNodeBinary(false, undefined, situation()), "missing");
  assert.equal(stateOfNodeBinary(true, "1.33.13", situation()), "other-release");
  assert.equal(stateOfNodeBinary(true, "1.34.4", situation()), "fine");
  assert.equal(stateOfNodeBinary(true, undefined, situation()), "fine");
  assert.equal(stateOfNodeBinary(true, "1.33.13", situation({ owner: "foreign", installed: undefined })), "fine");
});

test("the error names every missing artifact with its path", () => {
  const config = sampleConfig();
  const needs: ArtifactNeeds = { kubelet: { minor: "1.34" }, provider: "missing", plugins: "missing", helper: "/h" };
  const missing = artifactsMissing(config, needs, situation({ owner: "none", installed: undefined }));
  assert.equal(missing?.code, "artifacts-missing");
  assert.equal(
    missing?.message,
    `missing: aws_signing_helper (/h), kubelet (${config.kubelet.path}), ecr-credential-provider (${config.imageCredentialProvider.path}), CNI plugins (/opt/cni/bin)`,
  );
  assert.equal(artifactsMissing(config, { ...NO_NEEDS, plugins: "other-release" }, situation()), undefined);
});

test("KubeletSupported says how kubelet and the cluster compare", () => {
  assert.equal(reportSkew(situation({ clusterVersion: undefined }), "1.34.4"), undefined);
  assert.equal(reportSkew(situation(), "1.34.4")?.reason, "Current");
  assert.equal(reportSkew(situation(), "1.32.1")?.reason, "Older");
  assert.deepEqual(
    ["1.35.0", "1.30.1"].map((version) => reportSkew(situation(), version)?.status),
    ["False", "False"],
  );
});

const REMEDIES: readonly (readonly [what: string, given: KubeletSituation, hint: RegExp])[] = [
  ["a foreign kubelet", situation({ owner: "foreign" }), /the way the present one was installed, or set kubelet\.path/],
  [
    "a configured version",
    situation({}, "kubelet: { version: 1.30.1 }"),
    /^Set kubelet\.version to a version of 1\.34/,
  ],
  ["upgrade: manual", situation(), /^kubelet\.upgrade: auto, or kubelet\.version/],
  ["upgrade: auto", situation({}, "kubelet: { upgrade: auto }"), /^The daemon upgrades it/],
];
for (const [what, given, hint] of REMEDIES)
  test(`an unsupported kubelet with ${what} has its own remedy`, () => {
    assert.match(reportSkew(given, "1.30.1")?.hint ?? "", hint);
  });

test("a trial and a rollback name the versions", () => {
  assert.match(onTrial({ version: "1.34.4", previous: "1.33.13" }).message, /^kubelet 1\.34\.4 replaces 1\.33\.13/);
  const { code, message } = rolledBack("1.34.4");
  assert.equal(code, "kubelet-rolled-back");
  assert.match(message, /^kubelet 1\.34\.4 .*was rolled back$/);
});
