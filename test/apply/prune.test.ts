import assert from "node:assert/strict";
import { test } from "node:test";
import { Converger } from "../../agent/apply/converger.ts";
import { KeptFiles } from "../../agent/apply/kept-files.ts";
import { Ledger } from "../../agent/apply/ledger.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import { createBoard } from "../fakes/board.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../fakes/samples.ts";

const HOSTS = "/etc/containerd/certs.d/docker.io/hosts.toml";
const CNI = "/etc/cni/net.d/10-host-network.conf";
const KUBECONFIG = "/var/lib/kubelet/kubeconfig";
const WITH = "containerd: { registries: { docker.io: { ca: /ca.pem } } }";

/** A machine, and one round of the agent with a configuration: another is another run. */
function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  containerd.start();
  const { log, lines } = createMemoryLog();
  const round = async (more: string, cluster: ReturnType<typeof sampleCluster> | undefined = sampleCluster()) => {
    const board = createBoard(log, host.clock);
    const converger = new Converger({
      ...{ host, config: sampleConfig(more), log, board, versions: createVersionReader(host) },
      kept: new KeptFiles(host, sampleConfig(more)),
      ...{ cluster: () => cluster, emit: () => undefined },
    });
    await converger.round();
    return { converger, board };
  };
  const known = async () => (await new Ledger(host, "/var/lib/eks-satellite/ledger", log).list()).map(({ id }) => id);
  /** The ledger as a version left it that did not record what it wrote. */
  const forgetDigests = () => {
    for (const path of host.files.paths().filter((each) => each.startsWith("/var/lib/eks-satellite/ledger/"))) {
      const { wrote: _, ...entry } = JSON.parse(host.files.peek(path)?.content ?? "");
      host.files.put(path, JSON.stringify(entry));
    }
  };
  return { host, round, known, lines, forgetDigests };
}

test("what the configuration does not ask for any more is gone, and so is its entry", async () => {
  const { host, round, known } = setUp();
  await round(WITH);
  assert.match((await host.files.read(HOSTS)) ?? "", /ca = /);
  assert.ok((await known()).includes(`file:${HOSTS}`));
  await round("network: { cni: none }");
  assert.deepEqual([await host.files.read(HOSTS), await host.files.read(CNI)], [undefined, undefined]);
  assert.deepEqual(
    (await known()).filter((id) => [`file:${HOSTS}`, `file:${CNI}`].includes(id)),
    [],
  );
});

test("what stood there before is restored with its owner and mode", async () => {
  const { host, round } = setUp();
  host.files.put(HOSTS, 'server = "https://mine"\n', { mode: 0o640, uid: 7, gid: 8 });
  await round(WITH);
  assert.doesNotMatch((await host.files.read(HOSTS)) ?? "", /mine/);
  await round("");
  assert.equal(await host.files.read(HOSTS), 'server = "https://mine"\n');
  const { mode, uid, gid } = (await host.files.status(HOSTS)) ?? {};
  assert.deepEqual([mode, uid, gid], [0o640, 7, 8]);
});

test("what another process wrote in its place since is left alone", async () => {
  const { host, round, known } = setUp();
  await round(WITH);
  host.files.put(HOSTS, 'server = "https://theirs"\n');
  await round("");
  assert.equal(await host.files.read(HOSTS), 'server = "https://theirs"\n');
  assert.ok(!(await known()).includes(`file:${HOSTS}`), "reset must not remove it either");
});

test("a containerd configuration that cannot be read takes neither the pods' network nor the registries away", async () => {
  const { host, round, known } = setUp();
  await round(WITH);
  const [hosts, cni] = [await host.files.read(HOSTS), await host.files.read(CNI)];
  assert.ok(hosts !== undefined && cni !== undefined);
  for (const broken of ["[plugins\nnot TOML", '[plugins.linux]\nshim = "x"\n']) {
    host.files.put("/etc/containerd/config.toml", broken);
    const { board } = await round(WITH);
    assert.equal(board.get("ConfigInSync").status, "False");
    assert.deepEqual([await host.files.read(HOSTS), await host.files.read(CNI)], [hosts, cni]);
    assert.ok((await known()).includes(`file:${CNI}`));
  }
});

test("a registry that is no longer wanted goes, also while containerd's configuration cannot be read", async () => {
  const { host, round } = setUp();
  await round(WITH);
  host.files.put("/etc/containerd/config.toml", "[plugins\nnot TOML");
  await round("");
  assert.equal(await host.files.read(HOSTS), undefined);
});

test("a file that is not planned because the cluster is not known stays", async () => {
  const { host, round } = setUp();
  await round("");
  const before = await host.files.read(KUBECONFIG);
  assert.ok(before !== undefined);
  await round("", undefined);
  assert.equal(await host.files.read(KUBECONFIG), before);
});

test("a full disk is reported, and the next round tries again", async () => {
  const { host, round } = setUp();
  host.files.put(HOSTS, "mine\n");
  await round(WITH);
  host.files.refuseWrites(HOSTS, "ENOSPC");
  const { converger, board } = await round("");
  assert.equal(board.get("ConfigInSync").reason, "DiskFull");
  host.files.allowWrites();
  await converger.round();
  assert.equal(await host.files.read(HOSTS), "mine\n");
  assert.equal(board.get("ConfigInSync").status, "True");
});

test("where the ledger is damaged it is not known whose the file was: it stays, and not every start logs it", async () => {
  const { host, round, lines } = setUp();
  await round(WITH);
  for (const name of await host.files.list("/var/lib/eks-satellite/ledger"))
    host.files.put(`/var/lib/eks-satellite/ledger/${name}`, "{ half");
  const before = lines.length;
  await round("");
  assert.ok((await host.files.read(HOSTS)) !== undefined);
  assert.doesNotMatch(JSON.stringify(lines.slice(before)), /damaged/);
});

test("a file that an older version wrote is recognised once a round has found it as planned, and then pruned", async () => {
  const { host, round, forgetDigests } = setUp();
  await round(WITH);
  forgetDigests();
  await round(WITH);
  await round("");
  assert.equal(await host.files.read(HOSTS), undefined);
});

test("a file that an older version wrote, and that is wanted no more at once, stays, and its entry for reset too", async () => {
  const { host, round, known, forgetDigests } = setUp();
  await round(WITH);
  forgetDigests();
  await round("");
  assert.ok((await host.files.read(HOSTS)) !== undefined);
  assert.ok((await known()).includes(`file:${HOSTS}`));
});
