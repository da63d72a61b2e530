import assert from "node:assert/strict";
import { test } from "node:test";
import { eksUrl, stsUrl } from "../../agent/aws/aws-endpoints.ts";
import { CONNECTIONS } from "../../agent/check/connections.ts";
import { NETWORK_CHECKS } from "../../agent/check/network-checks.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("the hosts of AWS are those that the daemon calls", () => {
  const config = sampleConfig();
  const hosts = CONNECTIONS.map(({ host }) => host.replaceAll("REGION", config.cluster.region));
  for (const url of [stsUrl(config), eksUrl(config)]) assert.ok(hosts.includes(new URL(url).hostname), url);
});

test("each connection that every node needs to AWS is checked", () => {
  const needed = CONNECTIONS.filter(({ to, when }) => to === "aws" && when === undefined);
  const checks = NETWORK_CHECKS.map(({ name }) => name);
  assert.deepEqual(
    needed.map(({ name }) => name.toLowerCase()).filter((name) => !checks.includes(name)),
    [],
  );
});

test("only the control plane connects to the machine, and only to kubelet", () => {
  const inward = CONNECTIONS.filter(({ from, to }) => to === "machine" && from !== "machine");
  assert.deepEqual(
    inward.map(({ from, ports }) => [from, ports]),
    [["control-plane", [10_250]]],
  );
});
