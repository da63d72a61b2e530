// A real etcd and kube-apiserver on loopback, with the authorizers and admission of EKS, and a token for each user that a test names.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { accessSync, constants, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterFacts } from "../../../agent/aws/cluster.ts";
import { createLinuxHost } from "../../../agent/host/linux-host.ts";
import { type ApiClient, createApiClient } from "../../../agent/kubernetes/api-client.ts";
import { Secret } from "../../../agent/secret.ts";
import { freePort } from "../../fakes/free-port.ts";

/** As the endpoints of the Service `kubernetes` have it: loopback could not be one. */
export const ADVERTISED = "10.20.1.10";
const START_MS = 90_000;
const cache = process.env.EKS_SATELLITE_CACHE ?? join(homedir(), ".cache/eks-satellite");

interface Programs {
  readonly etcd: string;
  readonly apiServer: string;
}

/** A user's name and groups. */
export type User = readonly [name: string, ...groups: readonly string[]];

/** Finds the programs that the sandbox has built; a sentence that says what is missing where that is so. */
export function findApiServer(): Programs | string {
  const find = (pattern: string) => globSync(join(cache, pattern)).find(isExecutable);
  const etcd = find("etcd/**/etcd") ?? ["/usr/bin/etcd"].find(isExecutable);
  const apiServer = find("kubernetes-*/**/kube-apiserver");
  if (etcd === undefined) return "there is no etcd: scripts/sandbox prepare brings one";
  if (apiServer === undefined) return "there is no kube-apiserver: scripts/sandbox prepare builds it";
  return { etcd, apiServer };
}

export class ApiServer {
  readonly #folder = mkdtempSync(join(tmpdir(), "es-api-"));
  readonly #children: ChildProcess[] = [];
  readonly #users: Readonly<Record<string, User>>;
  #cluster: ClusterFacts | undefined;

  constructor(users: Readonly<Record<string, User>>) {
    this.#users = { admin: ["admin", "system:masters"], ...users };
  }

  async start({ etcd, apiServer }: Programs): Promise<void> {
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    this.#spawn(etcd, [
      `--data-dir=${this.#path("etcd")}`,
      ...[`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
      ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
      `--initial-cluster=default=${peerUrl}`,
    ]);
    this.#spawn(apiServer, [`--etcd-servers=${url}`, `--secure-port=${secure}`, ...this.#flags()]);
    await this.#untilReady(secure);
  }

  stop(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The API server, as one of the users. */
  as(user: string): ApiClient {
    if (this.#cluster === undefined) throw new Error("it has not started");
    return createApiClient({
      host: createLinuxHost(),
      cluster: this.#cluster,
      token: () => new Secret(`token-${user}`),
    });
  }

  #flags(): readonly string[] {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = this.#path("service-accounts.key");
    writeFileSync(key, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
    const tokens = Object.entries(this.#users).map(
      ([user, [name, ...groups]]) => `token-${user},${name},uid-${user},"${groups.join(",")}"`,
    );
    writeFileSync(this.#path("tokens.csv"), `${tokens.join("\n")}\n`, { mode: 0o600 });
    return [
      ...["--bind-address=127.0.0.1", `--advertise-address=${ADVERTISED}`, `--cert-dir=${this.#path("pki")}`],
      ...["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"],
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      ...["--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.100.0.0/16"],
      ...[`--token-auth-file=${this.#path("tokens.csv")}`, "--profiling=false"],
    ];
  }

  async #untilReady(port: number): Promise<void> {
    const endMs = Date.now() + START_MS;
    for (;;)
      try {
        // It signs a certificate for itself.
        const caPem = readFileSync(this.#path("pki/apiserver.crt"), "utf8");
        this.#cluster = { ...FACTS, endpoint: `https://127.0.0.1:${port}`, caPem };
        await this.as("admin").get("/api/v1/namespaces/kube-system");
        return;
      } catch (error) {
        if (Date.now() > endMs) throw error;
        await sleep(250);
      }
  }

  #spawn(program: string, args: readonly string[]): void {
    this.#children.push(spawn(program, args, { stdio: "ignore" }));
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

const FACTS = {
  name: "real",
  region: "us-west-2",
  serviceCidr: "10.100.0.0/16",
  ipFamily: "ipv4",
  version: "1.34",
  fetchedAtMs: 0,
} as const;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
