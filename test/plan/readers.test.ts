import assert from "node:assert/strict";
import { test } from "node:test";
import { planNode } from "../../agent/plan/node-plan.ts";
import { restarts } from "../../agent/plan/resource.ts";
import { sampleConfig, sampleFacts } from "../fakes/samples.ts";

test("a file whose reader is a service is the configuration of a planned service, which restarts on it, and the reverse", () => {
  const { resources } = planNode(sampleConfig(), sampleFacts());
  const read = resources.filter((resource) => restarts("service", resource)).map(({ path }) => path);
  const configured = resources.flatMap((resource) => (resource.kind === "service" ? [resource.configFile] : []));
  assert.ok(read.length > 0);
  assert.deepEqual(read, configured);
});
