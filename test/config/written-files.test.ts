import assert from "node:assert/strict";
import { test } from "node:test";
import { ARTIFACTS_FOLDER, CDI_SPEC, PATHS, runPaths, statePaths } from "../../agent/config/paths.ts";
import { managedFiles, providedFiles, runFiles, stateFiles } from "../../agent/config/written-files.ts";
import { planNode } from "../../agent/plan/node-plan.ts";
import { sampleConfig, sampleFacts } from "../fakes/samples.ts";

const config = sampleConfig("containerd: { registries: { docker.io: { mirrors: [{ url: https://m.example.com }] } } }");
const FACTS = sampleFacts();
const all = [
  ...managedFiles(config),
  ...providedFiles(config),
  ...Object.values(stateFiles(config)),
  ...Object.values(runFiles(config)),
];

test("every file of the plan is in the table, with its mode", () => {
  const planned = planNode(config, FACTS).resources.filter((resource) => resource.kind === "file");
  assert.ok(planned.length > 6);
  const listed = managedFiles(config).map(({ path, mode }) => `${path.replace("REGISTRY", "docker.io")} ${mode}`);
  for (const { path, mode } of planned)
    assert.ok(listed.includes(`${path} ${mode.toString(8).padStart(4, "0")}`), `written-files.ts lacks ${path}`);
});

test("every path that the daemon writes is in the table", () => {
  // kubelet writes its own certificates; the folder of CNI's configuration holds the file that is listed.
  const { kubeletPki: _, servingCertificate: __, cniConfigFolder: ___, ...written } = PATHS;
  const state = Object.values(statePaths(config.stateFolder));
  const run = Object.values(runPaths(config.runFolder));
  const paths = all.map(({ path }) => path);
  for (const path of [...Object.values(written), ...state, ...run, ARTIFACTS_FOLDER, CDI_SPEC])
    assert.ok(
      paths.some((listed) => listed === path || listed.startsWith(`${path}/`)),
      `written-files.ts lacks ${path}`,
    );
});

test("no path is listed twice, and every mode is octal", () => {
  assert.equal(new Set(all.map(({ path }) => path)).size, all.length);
  for (const { path, mode } of all) assert.match(mode, /^0[0-7]{3}$/, path);
});
