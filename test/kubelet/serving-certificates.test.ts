import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { retireForeignCertificates, servesElsewhere } from "../../agent/kubelet/serving-certificates.ts";
import { clusterCa, localhost, otherCa } from "../fakes/certificates.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

const PKI = "/var/lib/kubelet/pki";
const CURRENT = `${PKI}/kubelet-server-current.pem`;
const STATE = "/var/lib/eks-satellite";

async function retire(certificate: string, ca: string) {
  const host = new MemoryHost();
  const { log, messages } = createMemoryLog();
  host.files.put(CURRENT, certificate);
  host.files.put(`${PKI}/kubelet-client.pem`, "kubelet's own");
  await retireForeignCertificates(host, STATE, ca, log);
  return { host, messages };
}

test("a serving certificate of this cluster stays, also while its CA is being replaced", async () => {
  for (const ca of [clusterCa, `${otherCa}\n${clusterCa}`]) {
    const { host, messages } = await retire(clusterCa, ca);
    assert.equal(host.files.peek(CURRENT)?.content, clusterCa);
    assert.deepEqual(messages("info"), []);
  }
});

test("one of another cluster is moved away and kept; other files of kubelet stay", async () => {
  for (const foreign of [clusterCa, "not a certificate"]) {
    const { host } = await retire(foreign, otherCa);
    assert.equal(host.files.peek(CURRENT), undefined);
    assert.equal(host.files.peek(`${PKI}/kubelet-client.pem`)?.content, "kubelet's own");
    const folder = `${STATE}/retired-certificates`;
    const kept = (await host.files.list(folder)).map((name) => `${folder}/${name}/kubelet-server-current.pem`);
    assert.deepEqual(
      kept.map((path) => host.files.peek(path)?.content),
      [foreign],
    );
  }
});

test("without a serving certificate there is nothing to do", async () => {
  const host = new MemoryHost();
  await retireForeignCertificates(host, STATE, clusterCa, createMemoryLog().log);
  assert.deepEqual(await host.files.list(STATE), []);
});

test("a certificate of other addresses names them; one of the node's, or of none, names nothing", () => {
  const certificate = new X509Certificate(localhost.cert);
  assert.deepEqual(servesElsewhere(certificate, "192.0.2.7"), ["127.0.0.1"]);
  assert.equal(servesElsewhere(certificate, "127.0.0.1"), undefined);
  assert.equal(servesElsewhere(certificate, undefined), undefined);
  assert.equal(servesElsewhere(new X509Certificate(clusterCa), "192.0.2.7"), undefined);
});
