// A machine in memory that gets its kubelet from a mirror, and the tools by which it does: ln, tar, rm, sync, sha256sum.
import { createHash } from "node:crypto";
import type { Config } from "../../agent/config/schema.ts";
import { Artifacts } from "../../agent/install/artifacts.ts";
import type { TrialObservation } from "../../agent/install/kubelet-trial.ts";
import { artifactPath, renderManifest } from "./artifact-mirror.ts";
import { createBoard } from "./board.ts";
import { settle } from "./memory-clock.ts";
import { MemoryHost } from "./memory-host.ts";
import { createMemoryLog } from "./memory-log.ts";
import { sampleCluster, sampleConfig } from "./samples.ts";

export const KUBELET = "/usr/bin/kubelet";
export const PROVIDER = "/etc/eks/image-credential-provider/ecr-credential-provider";
export const FOLDER = "/opt/eks-satellite-artifacts";
const BUILD = "-eks-a737599";
const MIRROR = "https://hybrid-assets.eks.amazonaws.com/";

/** A bare machine beside a mirror of these versions; the cluster is of version 1.33 unless the test moves it. */
export function setUpArtifacts(
  versions: readonly string[],
  config = "",
  host = new MemoryHost(),
  credentials?: Config["credentials"],
) {
  const end = new AbortController();
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const mirror = { manifest: renderManifest(versions), requests: [] as string[] };
  const checksums = new Map<string, string>();
  for (const version of versions)
    for (const name of ["kubelet", "ecr-credential-provider", "cni-plugins"]) {
      const url = `${MIRROR}${artifactPath(version, name)}`;
      host.downloads.set(url, `${name} ${version}`);
      checksums.set(`${url}.sha256`, `${sha256(`${name} ${version}`)}  ${name}\n`);
      // What EKS's own builds say.
      host.install(`${FOLDER}/kubelet/${version}/kubelet`, () => ({ stdout: `Kubernetes v${version}${BUILD}\n` }));
    }
  const helper = `${MIRROR}${artifactPath("1.7.10", "aws_signing_helper")}`;
  host.downloads.set(helper, "helper 1.7.10");
  checksums.set(`${helper}.sha256`, `${sha256("helper 1.7.10")}  aws_signing_helper\n`);
  host.onFetch = ({ url }) => {
    mirror.requests.push(url);
    if (url.endsWith("/manifest.yaml")) return { status: 200, body: mirror.manifest };
    const body = checksums.get(url);
    return body === undefined ? { status: 404, body: "" } : { status: 200, body };
  };
  host.install("tar", (args) => {
    if (args.includes("--list")) return { stdout: "-rwxr-xr-x root/root 6 2026-01-02 03:04 ./loopback" };
    const folder = args.find((arg) => arg.startsWith("--directory="))?.split("=")[1];
    for (const name of ["loopback", "portmap"]) host.files.put(`${folder}/${name}`, "plugin", { mode: 0o755 });
    return {};
  });
  host.install("sync", () => ({}));

  const { log, messages } = createMemoryLog();
  const board = createBoard(log, host.clock);
  const situation = {
    cluster: "1.33" as string | undefined,
    observation: { isReady: true, kubeletExits: 0, isReachable: true } as Omit<TrialObservation, "version">,
    changes: 0,
  };
  const story: string[] = [];
  /** What is linked at kubelet's path: its folder is its version. */
  const linked = () => host.files.peekLink(KUBELET)?.split("/").at(-2);
  const running = { version: undefined as string | undefined };
  const artifacts = new Artifacts({
    ...{ host, log, board, signal: end.signal },
    config: { ...sampleConfig(config), ...(credentials === undefined ? {} : { credentials }) },
    cluster: () => (situation.cluster === undefined ? undefined : sampleCluster({ version: situation.cluster })),
    kubeletVersion: () => running.version ?? linked(),
    observation: () => ({
      ...situation.observation,
      version: `v${running.version ?? linked()}${BUILD}`,
    }),
    emit: (event) => {
      if (event.kind === "programs-changed") situation.changes += 1;
      else story.push(`${event.reason}: ${event.message}`);
    },
  });
  const round = async () => {
    await artifacts.round();
    for (let turn = 0; turn < 20; turn += 1) await settle();
    const { status, reason } = board.get("ArtifactsInstalled");
    return `${status} ${reason}`;
  };
  return { host, mirror, checksums, board, artifacts, situation, running, story, linked, round, messages, end };
}
