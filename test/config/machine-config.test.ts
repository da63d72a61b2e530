import assert from "node:assert/strict";
import { test } from "node:test";
import { localDefaults } from "../../agent/config/machine-config.ts";
import { sampleConfig } from "../fakes/samples.ts";

const KEYS = [
  "kubelet",
  "containerd",
  "artifacts",
  "dependencies",
  "imageCredentialProvider",
  "network",
  "gpu",
  "health",
  "stateFolder",
  "runFolder",
] as const;

test("without a configuration the machine's sections are what a minimal configuration has", () => {
  const defaults = localDefaults();
  const config = sampleConfig();
  for (const key of KEYS) assert.deepEqual(defaults[key], config[key], key);
});

test("each call gives an object of its own", () => {
  const first = localDefaults();
  (first.kubelet.config as Record<string, unknown>).failSwapOn = false;
  assert.deepEqual(localDefaults().kubelet.config, {});
});
