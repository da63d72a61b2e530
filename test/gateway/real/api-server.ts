// A real etcd and kube-apiserver on loopback, with the authorizers and admission of EKS, and a token for each user that a test names.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
const START_MS = 60_000;
const ATTEMPTS = 3;
const cache = process.env.EKS_SATELLITE_CACHE ?? join(homedir(), ".cache/eks-satellite");

interface Programs {
  readonly etcd: string;
  readonly apiServer: string;
}

interface Child {
  readonly name: string;
  readonly log: string;
  readonly process: ChildProcess;
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
  readonly #children: Child[] = [];
  readonly #users: Readonly<Record<string, User>>;
  #cluster: ClusterFacts | undefined;

  constructor(users: Readonly<Record<string, User>>) {
    this.#users = { admin: ["admin", "system:masters"], ...users };
  }

  /** Starts both. A port that was free may be another test's by the time that it is listened on: each attempt takes others. */
  async start(programs: Programs): Promise<void> {
    for (let attempt = 1; ; attempt++)
      try {
        return await this.#try(programs, join(this.#folder, `attempt-${attempt}`));
      } catch (error) {
        this.#end();
        if (attempt === ATTEMPTS) throw error;
      }
  }

  stop(): void {
    this.#end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Where it is, and by which certificate it is known. */
  facts(): ClusterFacts {
    if (this.#cluster === undefined) throw new Error("it has not started");
    return this.#cluster;
  }

  /** The API server, as one of the users. */
  as(user: string): ApiClient {
    return createApiClient({
      host: createLinuxHost(),
      cluster: this.facts(),
      token: () => new Secret(`token-${user}`),
    });
  }

  async #try({ etcd, apiServer }: Programs, folder: string): Promise<void> {
    mkdirSync(folder);
    const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const store = this.#spawn("etcd", folder, etcd, [
      `--data-dir=${join(folder, "etcd")}`,
      ...[`--listen-client-urls=${url}`, `--advertise-client-urls=${url}`],
      ...[`--listen-peer-urls=${peerUrl}`, `--initial-advertise-peer-urls=${peerUrl}`],
      `--initial-cluster=default=${peerUrl}`,
    ]);
    // The API server gives up where etcd is 20 s late.
    await untilAnswered(store, async () => {
      const { ok } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      if (!ok) throw new Error("etcd is not healthy");
    });
    const flags = [`--etcd-servers=${url}`, `--secure-port=${secure}`, ...this.#flags(folder)];
    const server = this.#spawn("kube-apiserver", folder, apiServer, flags);
    await untilAnswered(server, async () => {
      // It signs a certificate for itself.
      const caPem = readFileSync(join(folder, "pki/apiserver.crt"), "utf8");
      this.#cluster = { ...FACTS, endpoint: `https://127.0.0.1:${secure}`, caPem };
      await this.as("admin").get("/api/v1/namespaces/kube-system");
    });
  }

  #flags(folder: string): readonly string[] {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = join(folder, "service-accounts.key");
    writeFileSync(key, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
    const tokens = Object.entries(this.#users).map(
      ([user, [name, ...groups]]) => `token-${user},${name},uid-${user},"${groups.join(",")}"`,
    );
    writeFileSync(join(folder, "tokens.csv"), `${tokens.join("\n")}\n`, { mode: 0o600 });
    return [
      ...["--bind-address=127.0.0.1", `--advertise-address=${ADVERTISED}`, `--cert-dir=${join(folder, "pki")}`],
      ...["--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction"],
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      ...["--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.100.0.0/16"],
      ...[`--token-auth-file=${join(folder, "tokens.csv")}`, "--profiling=false"],
    ];
  }

  #spawn(name: string, folder: string, program: string, args: readonly string[]): Child {
    const log = join(folder, `${name}.log`);
    const output = openSync(log, "a");
    const child = { name, log, process: spawn(program, args, { stdio: ["ignore", output, output] }) };
    closeSync(output);
    this.#children.push(child);
    return child;
  }

  #end(): void {
    for (const child of this.#children.splice(0)) child.process.kill("SIGKILL");
  }
}

/** Asks until it is answered. @throws what the program logged at last, once it has ended or is too late */
async function untilAnswered({ name, log, process }: Child, ask: () => Promise<void>): Promise<void> {
  const endMs = Date.now() + START_MS;
  const explain = (problem: string, cause: unknown) => {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-15);
    return new Error(`${name} ${problem}; its last lines:\n${lines.join("\n")}`, { cause });
  };
  for (;;)
    try {
      await ask();
      return;
    } catch (error) {
      const ended = process.exitCode ?? process.signalCode;
      if (ended !== null) throw explain(`ended (${ended})`, error);
      if (Date.now() > endMs) throw explain(`did not answer in ${START_MS} ms`, error);
      await sleep(250);
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
