import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext } from "../../agent/check/context.ts";
import { CREDENTIAL_CHECKS } from "../../agent/check/credential-checks.ts";
import type { Config } from "../../agent/config/schema.ts";
import { MemoryAws } from "../fakes/memory-aws.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { CERTIFICATE, installRolesAnywhere, rolesAnywhereConfig } from "../fakes/roles-anywhere.ts";
import { KEYS_FILE, sampleConfig } from "../fakes/samples.ts";

const KEYS = "/etc/eks-satellite/aws-keys";
const DAY_MS = 24 * 60 * 60 * 1000;

function setUp(config: Config | undefined) {
  const host = new MemoryHost();
  const aws = new MemoryAws(host.clock.now);
  const context = createContext({
    host,
    environment: {},
    configFile: "/etc/eks-satellite/config.yaml",
    config,
    configProblem: new Error("none"),
    aws,
  });
  const run = (name: string) => {
    const check = CREDENTIAL_CHECKS.find((each) => each.name === name);
    assert.ok(check !== undefined, name);
    return check.run(context);
  };
  return { host, run };
}

test("long-lived keys are a warning that shows the end of their id and never a secret", async () => {
  const { host, run } = setUp(sampleConfig());
  host.files.put(KEYS, KEYS_FILE, { mode: 0o600 });
  const { outcome, evidence, remedy } = await run("credentials");
  assert.equal(outcome, "warn");
  assert.match(evidence, /^long-lived keys of an IAM user \(…MPLE\) are on this machine: .*aws-keys/);
  assert.match(remedy ?? "", /credentials\.rolesAnywhere/);
  assert.doesNotMatch(`${evidence} ${remedy}`, /AKIAEXAMPLE|long-lived-secret/);
});

test("temporary keys are ok", async () => {
  const { host, run } = setUp(sampleConfig());
  host.files.put(KEYS, `${KEYS_FILE}AWS_SESSION_TOKEN=token\n`, { mode: 0o600 });
  const { outcome, evidence } = await run("credentials");
  assert.deepEqual([outcome, evidence.replace(/ from .*/, "")], ["ok", "temporary keys"]);
});

test("keys that others may read are a failure of the check", async () => {
  const { host, run } = setUp(sampleConfig());
  host.files.put(KEYS, KEYS_FILE, { mode: 0o644 });
  await assert.rejects(run("credentials"), { code: "credentials-exposed" });
});

test("without a configuration both checks are unknown", async () => {
  const { run } = setUp(undefined);
  for (const name of ["credentials", "certificate"]) assert.equal((await run(name)).outcome, "unknown", name);
});

test("a source without a certificate needs none", async () => {
  const { run } = setUp(sampleConfig());
  assert.deepEqual(await run("certificate"), { outcome: "ok", evidence: "none is used: see credentials" });
});

test("a certificate is shown with its end, and its renewal is due a month before that", async () => {
  const { host, run } = setUp(rolesAnywhereConfig());
  installRolesAnywhere(host);
  const { outcome, evidence } = await run("certificate");
  assert.equal(outcome, "ok", evidence);
  const [, end = ""] = /CN=gpu-1 until (\S+Z)$/.exec(evidence) ?? [];
  host.clock.jump(Date.parse(end) - host.clock.now() - 20 * DAY_MS);
  const due = await run("certificate");
  assert.deepEqual([due.outcome, due.evidence], ["warn", `${evidence}: its renewal is due`]);
  assert.equal(due.remedy, `Put a new certificate and its key at ${CERTIFICATE}.`);
  host.clock.jump(15 * DAY_MS);
  assert.match((await run("certificate")).evidence, /its renewal is overdue$/);
  host.clock.jump(6 * DAY_MS);
  await assert.rejects(run("certificate"), { code: "certificate-expired" });
});
