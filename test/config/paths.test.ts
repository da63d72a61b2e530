import assert from "node:assert/strict";
import { test } from "node:test";
import { ARTIFACTS_FOLDER, CDI_SPEC, PATHS, runPaths, statePaths } from "../../agent/config/paths.ts";

const state = Object.values(statePaths("/data/state"));
const run = Object.values(runPaths("/data/run"));

test("everything that must survive a reboot is below the state folder, and secrets of a moment below the run folder", () => {
  for (const path of state) assert.match(path, /^\/data\/state\/[a-z.-]+$/);
  for (const path of run) assert.match(path, /^\/data\/run\/[a-z.-]+$/);
  const { kubeletToken, awsCredentials } = runPaths("/run/eks-satellite");
  assert.deepEqual(
    [kubeletToken, awsCredentials],
    ["/run/eks-satellite/kubelet-token", "/run/eks-satellite/aws-credentials"],
  );
});

test("no two of the paths are the same", () => {
  const all = [...state, ...run, ...Object.values(PATHS), ARTIFACTS_FOLDER, CDI_SPEC];
  assert.equal(new Set(all).size, all.length);
});
