// What a converger prepares for kubelet's start.
import assert from "node:assert/strict";
import { test } from "node:test";
import { localhost, otherCa } from "../fakes/certificates.ts";
import { PKI, setUpConverger as setUp, TOKEN } from "../fakes/memory-converger.ts";
import { sampleCluster } from "../fakes/samples.ts";

test("on a machine that is as planned, a preparation returns what the round asked for", async () => {
  const { converger, specs } = setUp();
  await converger.round();
  assert.deepEqual(await converger.prepareKubelet(), specs[0]);
});

test("a preparation that is asked for during a round waits for it: kubelet never starts on files of before", async () => {
  const { host, converger, known } = setUp();
  await converger.round();
  known.cluster = sampleCluster({ caPem: otherCa });
  const gate = Promise.withResolvers<void>();
  const write = host.files.write.bind(host.files);
  let isHeld = false;
  host.files.write = async (path, content, options) => {
    if (path.endsWith("/ca.crt")) {
      isHeld = true;
      await gate.promise;
    }
    return write(path, content, options);
  };
  const round = converger.round();
  while (!isHeld) await new Promise(setImmediate);
  const prepared = converger.prepareKubelet();
  gate.resolve();
  await round;
  const { digest } = await prepared;
  assert.equal(host.files.peek("/etc/kubernetes/pki/ca.crt")?.content, otherCa);
  assert.equal(digest, (await converger.prepareKubelet()).digest, "it is of the newer files");
});

test("kubelet does not start before the first round has ended", async () => {
  await assert.rejects(setUp().converger.prepareKubelet(), { code: "not-planned" });
});

test("each obstacle to kubelet's start is named", async () => {
  const obstacles: Record<string, (made: ReturnType<typeof setUp>) => void> = {
    "runtime-unreachable": ({ containerd }) => containerd.stop(),
    "token-missing": ({ host }) => host.files.drop(TOKEN),
    "kubelet-stranger": ({ host }) => void host.processes.start({ name: "kubelet" }),
    "port-taken": ({ host }) => {
      const { pid } = host.processes.start({ name: "nginx" });
      host.files.putLink(`/proc/${pid}/fd/3`, "socket:[1]");
      host.files.put("/proc/net/tcp", "sl\n 0: 00000000:280A 00000000:0000 0A 0:0 0:0 0 0 0 1 1\n");
    },
    "disk-full": ({ host }) => {
      host.files.put("/etc/kubernetes/pki/ca.crt", "edited");
      host.files.refuseWrites("/etc/kubernetes", "ENOSPC");
    },
  };
  for (const [code, put] of Object.entries(obstacles)) {
    const made = setUp();
    await made.converger.round();
    put(made);
    await assert.rejects(made.converger.prepareKubelet(), { code });
  }
});

test("swap and a version that does not fit are found before kubelet fails with them", async () => {
  const swapping = setUp();
  swapping.host.system = { ...swapping.host.system, swapBytes: 2 ** 30 };
  await swapping.converger.round();
  await assert.rejects(swapping.converger.prepareKubelet(), { code: "swap-on" });
  const skewed = setUp();
  skewed.known.cluster = sampleCluster({ version: "1.33" });
  await skewed.converger.round();
  await assert.rejects(skewed.converger.prepareKubelet(), { code: "version-skew" });
});

test("kubelet's files are repaired once more when it starts", async () => {
  const { host, converger } = setUp();
  await converger.round();
  const planned = host.files.peek("/etc/kubernetes/pki/ca.crt")?.content;
  host.files.put("/etc/kubernetes/pki/ca.crt", "edited a moment ago");
  await converger.prepareKubelet();
  assert.equal(host.files.peek("/etc/kubernetes/pki/ca.crt")?.content, planned);
});

test("a serving certificate of another cluster is moved away before kubelet starts, and nothing else is", async () => {
  const { host, converger } = setUp();
  host.files.put(`${PKI}/kubelet-server-2026.pem`, otherCa);
  host.files.putLink(`${PKI}/kubelet-server-current.pem`, `${PKI}/kubelet-server-2026.pem`);
  host.files.put(`${PKI}/kubelet-client.pem`, "kept");
  await converger.round();
  await converger.prepareKubelet();
  assert.deepEqual(await host.files.list(PKI), ["kubelet-client.pem"]);
  const retired = host.files.paths().filter((path) => path.includes("/retired-certificates/"));
  assert.equal(retired.length, 1);
  assert.deepEqual(
    [host.files.peek(retired[0] ?? "")?.content, host.files.peek(retired[0] ?? "")?.mode],
    [otherCa, 0o600],
  );
});

test("a serving certificate that this cluster's CA signed stays, also when ca.crt was edited by hand", async () => {
  const { host, converger, known } = setUp();
  known.cluster = sampleCluster({ caPem: localhost.cert });
  host.files.put(`${PKI}/kubelet-server-current.pem`, localhost.cert);
  await converger.round();
  host.files.put("/etc/kubernetes/pki/ca.crt", "edited");
  await converger.round();
  await converger.prepareKubelet();
  assert.deepEqual(await host.files.list(PKI), ["kubelet-server-current.pem"]);
});
