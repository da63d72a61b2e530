import assert from "node:assert/strict";
import { test } from "node:test";
import { Provisioning } from "../../agent/install/provisioning.ts";
import { createBoard } from "../fakes/board.ts";
import { FOLDER, KUBELET, setUpArtifacts } from "../fakes/memory-artifacts.ts";
import { settle } from "../fakes/memory-clock.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { sampleCluster, sampleConfig } from "../fakes/samples.ts";

function setUp() {
  const { host } = setUpArtifacts(["1.34.4"]);
  host.install("systemd-run", (args) => {
    if (args.includes("--simulate")) return { stdout: "Inst socat (1 x)\nInst conntrack (1 x)\n" };
    for (const name of ["containerd", "runc", "iptables", "conntrack", "socat"])
      host.files.put(`/usr/bin/${name}`, "ELF");
    return {};
  });
  host.install("dpkg-query", () => ({ exitCode: 1 }));
  const { log } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const events: string[] = [];
  const provisioning = new Provisioning({
    ...{ host, log, board, config: sampleConfig(), environment: {}, signal: new AbortController().signal },
    cluster: () => sampleCluster({ version: "1.34" }),
    ...{ kubeletVersion: () => undefined, nodeVersion: () => undefined, kubeletExits: () => 0 },
    emit: ({ kind }) => void events.push(kind),
  });
  const round = async () => {
    await provisioning.round();
    for (let turn = 0; turn < 40; turn += 1) await settle();
  };
  const values = () =>
    Object.fromEntries(
      provisioning
        .metrics()
        .flatMap(({ name, samples }) =>
          samples().map(({ value, labels }) => [[name, ...Object.values(labels ?? {})].join(" "), value]),
        ),
    );
  return { host, board, events, round, values };
}

test("one round installs packages and artifacts side by side, and counts both", async () => {
  const { host, board, events, round, values } = setUp();
  assert.equal(values().eks_satellite_packages_installed_total, 0);
  await round();
  assert.equal(host.files.peekLink(KUBELET), `${FOLDER}/kubelet/1.34.4/kubelet`);
  assert.deepEqual(
    (["DependenciesInstalled", "ArtifactsInstalled"] as const).map((type) => board.get(type).reason),
    ["Installed", "Installed"],
  );
  assert.ok(events.length >= 2, "both report a change");
  const { eks_satellite_artifact_downloaded_bytes_total: bytes = 0, ...counts } = values();
  assert.ok(bytes > 0);
  assert.deepEqual(counts, {
    eks_satellite_packages_installed_total: 2,
    "eks_satellite_artifact_downloads_total installed": 3,
    "eks_satellite_artifact_downloads_total failed": 0,
  });
});

test("an apt-get that fails does not delay the artifacts", async () => {
  const { host, board, round, values } = setUp();
  host.install("systemd-run", () => ({
    exitCode: 100,
    stderr: "E: Could not get lock /x. It is held by process 7 (apt)\n",
  }));
  await round();
  assert.deepEqual(
    (["DependenciesInstalled", "ArtifactsInstalled"] as const).map((type) => board.get(type).reason),
    ["AptLocked", "Installed"],
  );
  assert.equal(values().eks_satellite_packages_installed_total, 0);
});
