import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeFacts } from "../../agent/facts/node-facts.ts";
import { type HealthEvent, HealthPart } from "../../agent/node/health-part.ts";
import { createBoard } from "../fakes/board.ts";
import { localhost } from "../fakes/certificates.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleConfig } from "../fakes/samples.ts";

const CERTIFICATE = "/var/lib/kubelet/pki/kubelet-server-current.pem";

function setUp() {
  const containerd = new MemoryContainerd();
  containerd.start();
  const { host } = containerd;
  host.onFetch = () => ({ status: 200, body: "ok", serverTimeMs: host.clock.now() - 300_000 });
  const board = createBoard(createMemoryLog().log, host.clock);
  const emitted: HealthEvent[] = [];
  const known: { facts: NodeFacts | undefined } = { facts: undefined };
  const part = new HealthPart({
    host,
    config: sampleConfig(),
    board,
    api: () => undefined,
    kubelet: () => ({ pid: undefined, ageMs: undefined }),
    endpoint: () => undefined,
    facts: () => known.facts,
    keys: () => undefined,
    emit: (event) => void emitted.push(event),
  });
  return { host, board, known, part, emitted };
}

const samplesOf = (part: HealthPart) => part.metrics().map(({ name, samples }) => [name, samples()]);

test("a round checks the runtime, and image pulls once there are facts; disks and clock have rounds of their own", async () => {
  const { board, known, part } = setUp();
  await part.round();
  assert.deepEqual([board.get("RuntimeReady").status, board.get("DiskAvailable").status], ["True", "Unknown"]);
  await part.diskRound();
  assert.equal(board.get("DiskAvailable").status, "True");
  assert.equal(board.get("ImagePullsConfigured").reason, "Starting");
  known.facts = { machine: { hasEcrCredentialProvider: false }, containerd: undefined } as unknown as NodeFacts;
  await part.round();
  assert.equal(board.get("ImagePullsConfigured").reason, "CredentialProviderMissing");
  assert.equal(board.get("ClockInSync").status, "Unknown");
  await part.clockRound();
  assert.equal(board.get("ClockInSync").reason, "ClockSkewed");
});

test("a clock that was set is reported with the next round, once", async () => {
  const { host, part, emitted } = setUp();
  await part.round();
  host.clock.set(-3_600_000);
  await part.round();
  await part.round();
  assert.deepEqual(emitted, [{ kind: "clock-set", seconds: -3600 }]);
});

test("the end of the serving certificate is in the status and in the metrics, once it is there", async () => {
  const { host, part } = setUp();
  await part.round();
  assert.deepEqual(samplesOf(part), [["eks_satellite_serving_certificate_expiry_timestamp_seconds", []]]);
  host.files.put(CERTIFICATE, localhost.cert);
  await part.round();
  const { servingCertificateExpiresAt } = part.status().credentials;
  const endMs = Date.parse(servingCertificateExpiresAt ?? "");
  assert.ok(endMs > host.clock.now());
  const samples = [{ value: endMs / 1000 }];
  assert.deepEqual(samplesOf(part), [["eks_satellite_serving_certificate_expiry_timestamp_seconds", samples]]);
});
