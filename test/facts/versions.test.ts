import assert from "node:assert/strict";
import { test } from "node:test";
import { createVersionReader } from "../../agent/facts/versions.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const KUBELET = "/usr/bin/kubelet";

function setUp() {
  const host = new MemoryHost();
  host.files.put(KUBELET, "elf", { mode: 0o755 });
  host.install(KUBELET, () => ({ stdout: "Kubernetes v1.34.4\n" }));
  return { host, versions: createVersionReader(host) };
}

const CONTAINERD_VERSIONS = {
  "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1": "1.6.20",
  "containerd containerd.io v1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da": "1.7.27",
  "containerd github.com/containerd/containerd/v2 v2.2.0 1c4457e00facac03ce1d75f7b6777a7a851e5c41": "2.2.0",
  "containerd github.com/containerd/containerd 1.7.24": "1.7.24",
};

for (const [output, version] of Object.entries(CONTAINERD_VERSIONS)) {
  test(`"${output.slice(0, 60)}" is containerd ${version}`, async () => {
    const { host, versions } = setUp();
    host.files.put("/usr/bin/containerd", "", { mode: 0o755 });
    host.install("/usr/bin/containerd", () => ({ stdout: output }));
    assert.deepEqual(await versions.readContainerd(), { path: "/usr/bin/containerd", version });
  });
}

test("kubelet's version is read without EKS's build suffix", async () => {
  const { host, versions } = setUp();
  assert.equal((await versions.readKubelet(KUBELET)).version, "1.34.4");
  host.files.put(KUBELET, "newer elf", { mode: 0o755 });
  host.install(KUBELET, () => ({ stdout: "Kubernetes v1.33.1-eks-5d4a308\n" }));
  assert.equal((await versions.readKubelet(KUBELET)).version, "1.33.1");
});

test("a binary runs once, and again when its file changes", async () => {
  const { host, versions } = setUp();
  for (let round = 0; round < 3; round += 1) await versions.readKubelet(KUBELET);
  assert.equal(host.commands.length, 1);
  host.files.put(KUBELET, "another elf", { mode: 0o755 });
  await versions.readKubelet(KUBELET);
  assert.equal(host.commands.length, 2);
});

test("a failed answer is not remembered", async () => {
  const { host, versions } = setUp();
  host.install(KUBELET, () => ({ exitCode: 1, stderr: "text file busy" }));
  await assert.rejects(versions.readKubelet(KUBELET), { code: "kubelet-broken" });
  host.install(KUBELET, () => ({ stdout: "Kubernetes v1.34.4" }));
  assert.equal((await versions.readKubelet(KUBELET)).version, "1.34.4");
});

test("the version is that of the containerd that systemd would start", async () => {
  const { host, versions } = setUp();
  for (const path of ["/usr/bin/containerd", "/usr/local/bin/containerd"]) {
    host.files.put(path, "", { mode: 0o755 });
    host.install(path, () => ({ stdout: `containerd x ${path.includes("local") ? "v2.2.0" : "v1.6.20"}` }));
  }
  assert.deepEqual(await versions.readContainerd(), { path: "/usr/local/bin/containerd", version: "2.2.0" });
});

test("a missing kubelet is an error that names the expected path", async () => {
  const { host, versions } = setUp();
  host.files.drop(KUBELET);
  await assert.rejects(versions.readKubelet(KUBELET), {
    code: "kubelet-missing",
    message: "there is no kubelet at /usr/bin/kubelet",
    hint: /kubelet\.path/,
  });
});

test("a kubelet that is not executable, or a folder, is an error of its own", async () => {
  const { host, versions } = setUp();
  host.files.put(KUBELET, "elf", { mode: 0o644 });
  await assert.rejects(versions.readKubelet(KUBELET), { code: "kubelet-not-executable", hint: /chmod 755/ });
  host.files.putFolder("/opt/kubelet");
  await assert.rejects(versions.readKubelet("/opt/kubelet"), { code: "kubelet-not-executable" });
});

test("a kubelet of another architecture is reported with the message of its start", async () => {
  const { host, versions } = setUp();
  host.install(KUBELET, () => ({ exitCode: 126, stderr: "cannot execute binary file: Exec format error" }));
  await assert.rejects(versions.readKubelet(KUBELET), {
    code: "kubelet-broken",
    message: /Exec format error/,
    hint: /built for this machine/,
  });
  host.install(KUBELET, () => ({ stdout: "hello" }));
  await assert.rejects(versions.readKubelet(KUBELET), { code: "kubelet-broken", message: /hello/ });
});

test("a missing containerd is an error that names what to install", async () => {
  await assert.rejects(setUp().versions.readContainerd(), { code: "containerd-missing", hint: /apt-get install/ });
});

test("a kubelet that another user could replace is not run, not even for its version", async () => {
  const { host, versions } = setUp();
  let runs = 0;
  host.install(KUBELET, () => {
    runs += 1;
    return { stdout: "Kubernetes v1.34.4" };
  });
  host.files.put(KUBELET, "elf", { mode: 0o755, uid: 1000 });
  await assert.rejects(versions.readKubelet(KUBELET), { code: "program-foreign", message: /belongs to user 1000/ });
  assert.equal(runs, 0);
});
