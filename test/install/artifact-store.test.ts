import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../../agent/apply/ledger.ts";
import { ArtifactStore, checkRoom, readText, releaseAt } from "../../agent/install/artifact-store.ts";
import { FOLDER, KUBELET, setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";

function setUp() {
  const { host } = setUpArtifacts(["1.34.4"]);
  const { log } = createMemoryLog();
  const ledger = new Ledger(host, "/var/lib/eks-satellite/ledger", log);
  const signal = new AbortController().signal;
  const store = new ArtifactStore({ host, log, ledger, signal, onProgress: () => undefined });
  const ledgerFiles = () => host.files.paths().filter((path) => path.startsWith("/var/lib/eks-satellite/ledger/"));
  return { host, store, ledgerFiles };
}

test("a link replaces what was there, and is recorded once so that reset removes it", async () => {
  const { host, store, ledgerFiles } = setUp();
  await store.link(KUBELET, "kubelet", "1.34.4", "kubelet");
  await store.link(KUBELET, "kubelet", "1.34.5", "kubelet");
  assert.equal(host.files.peekLink(KUBELET), `${FOLDER}/kubelet/1.34.5/kubelet`);
  assert.equal(ledgerFiles().length, 1);
  assert.match(host.files.peek(ledgerFiles()[0] ?? "")?.content ?? "", /"link:\/usr\/bin\/kubelet"[\s\S]*"absent"/);
});

test("a link that is right is left alone", async () => {
  const { host, store } = setUp();
  await store.link(KUBELET, "kubelet", "1.34.4", "kubelet");
  const before = host.files.changes.length;
  await store.link(KUBELET, "kubelet", "1.34.4", "kubelet");
  assert.equal(host.files.changes.length, before);
});

test("a release that has no artifact, or no checksum for it, is refused before anything is downloaded", async () => {
  const { store } = setUp();
  const url = "https://mirror.example.com/kubelet";
  await assert.rejects(store.fetch("kubelet", { version: "1.34.4", sources: {} }), {
    code: "artifact-missing",
    message: /has no kubelet for/,
  });
  const sources = { kubelet: { url, checksumUrl: undefined } };
  await assert.rejects(store.fetch("kubelet", { version: "1.34.4", sources }), {
    code: "artifact-missing",
    message: /has no checksum of kubelet/,
  });
});

test("a path that does not link to the store has no release", async () => {
  const host = new MemoryHost();
  host.files.putLink("/usr/bin/kubelet", "/opt/other/kubelet/1.34.4/kubelet");
  assert.equal(await releaseAt(host, "/usr/bin/kubelet", "kubelet"), undefined);
  host.files.dropLink("/usr/bin/kubelet");
  host.files.putLink("/usr/bin/kubelet", `${FOLDER}/kubelet/1.34.4/kubelet`);
  assert.equal(await releaseAt(host, "/usr/bin/kubelet", "kubelet"), "1.34.4");
  assert.equal(await releaseAt(host, "/usr/bin/kubelet", "cni-plugins"), undefined);
});

test("a download that would not fit is refused with the numbers; an unknown size is not", async () => {
  const host = new MemoryHost();
  await checkRoom(host, "kubelet");
  host.files.spaces.set("/opt", { totalBytes: 2 ** 30, availableBytes: 100 * 2 ** 20, totalInodes: 9, freeInodes: 9 });
  await assert.rejects(checkRoom(host, "kubelet"), {
    code: "disk-full",
    message: "/opt has 100 MiB free, and kubelet needs 300 temporarily; what is installed stays",
  });
});

test("a text of a mirror comes from a file with an encoded name too, and an absent file says its URL", async () => {
  const host = new MemoryHost();
  host.files.put("/srv/eks mirror/manifest.yaml", "text");
  assert.equal(await readText(host, "file:///srv/eks%20mirror/manifest.yaml"), "text");
  await assert.rejects(readText(host, "file:///srv/other.yaml"), {
    code: "artifact-unreachable",
    message: "there is no file for file:///srv/other.yaml",
  });
});

test("an answer other than 200 is an error with the status", async () => {
  const host = new MemoryHost();
  host.onFetch = () => ({ status: 503, body: "" });
  await assert.rejects(readText(host, "https://mirror.example.com/manifest.yaml"), {
    code: "artifact-unreachable",
    message: "https://mirror.example.com/manifest.yaml was answered with 503",
  });
});
