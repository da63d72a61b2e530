// A second satellite behind the machine's NAT, as much of it as its tunnel needs: a bare namespace, wireguard-go, and an entry with its key.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGatewayMap, renderNodeEntry } from "../../../agent/tunnel/entries.ts";
import { execIn } from "../../sandbox/links.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { vpcPlans } from "../../sandbox/vpc/cloud.ts";
import { waitFor } from "../../sandbox/wait.ts";
import { answersTo } from "./hand-made-gateway.ts";

const NAME = "gpu-2";
/** wg(8) finds wireguard-go by a socket in /run that is named for the interface, and all namespaces share /run: those of other test files, too. */
const DEVICE = `esn${process.pid}`;
const MAPS = "--namespace=kube-system";

/** What it knows of pods: its own network, an address in it, and the network of all. */
interface PodNetworks {
  readonly own: string;
  readonly address: string;
  readonly all: string;
}

export class Neighbour {
  readonly #sandbox: Sandbox;
  readonly #namespace: string;
  readonly #folder: string;
  readonly #program: ReturnType<typeof spawn>;
  /** The networks that it reaches through the tunnel. */
  readonly #behind: readonly string[];
  #health = "";

  #said = "";

  private constructor(sandbox: Sandbox, namespace: string, folder: string, behind: readonly string[]) {
    this.#sandbox = sandbox;
    this.#namespace = namespace;
    this.#folder = folder;
    this.#behind = behind;
    this.#program = spawn("ip", ["netns", "exec", namespace, sandbox.programs.wireguard, "--foreground", DEVICE], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#program.stderr?.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-1000);
    });
  }

  /** Gives it this address, and its tunnel; with a network for pods the way to others' pods, and its first address on itself, as a pod's. */
  static async join(sandbox: Sandbox, address: string, pods?: PodNetworks): Promise<Neighbour> {
    const namespace = await sandbox.nat.neighbour();
    const folder = await mkdtemp(join(tmpdir(), "eks-satellite-neighbour-"));
    const inside = async (...command: string[]) => (await execIn(namespace, command)).stdout.trim();
    const keyFile = join(folder, "key");
    await writeFile(keyFile, await inside("wg", "genkey"), { mode: 0o600 });
    const publicKey = (await execIn(namespace, ["wg", "pubkey"], await inside("cat", keyFile))).stdout.trim();
    const data = renderNodeEntry(NAME, { address, pods: pods === undefined ? [] : [pods.own], publicKey });
    await patch(sandbox, data);
    const behind = [vpcPlans.vpc.cidr, ...(pods === undefined ? [] : [pods.all])];
    const neighbour = new Neighbour(sandbox, namespace, folder, behind);
    const explain = () => `it has ended with ${neighbour.#program.exitCode}, and said: ${neighbour.#said}`;
    await waitFor({ what: "wireguard-go to answer", deadlineMs: 30_000, explain }, () =>
      inside("wg", "show", DEVICE).then(() => true),
    );
    await inside("wg", "set", DEVICE, "private-key", keyFile);
    await neighbour.follow();
    await inside("ip", "link", "set", DEVICE, "mtu", "1420", "up");
    await inside("ip", "address", "add", `${address}/32`, "dev", DEVICE);
    if (pods !== undefined) await inside("ip", "address", "add", `${pods.address}/32`, "dev", "lo");
    for (const network of behind) await inside("ip", "route", "add", network, "dev", DEVICE, "src", address);
    return neighbour;
  }

  /** Makes a gateway its one peer, by default the only one, with the key that it has now. */
  async follow(name?: string): Promise<void> {
    const get = ["get", "configmap", "eks-satellite-gateways", MAPS, "--output=json"];
    const { gateways } = readGatewayMap(JSON.parse(await this.#sandbox.kubectl(get)).data);
    const gateway = name === undefined ? gateways.values().next().value : gateways.get(name);
    if (gateway === undefined) throw new Error(`there is no gateway ${name ?? ""}`);
    const peers = (await this.run("wg", "show", DEVICE, "peers")).split("\n").filter(Boolean);
    const others = peers.filter((key) => key !== gateway.publicKey).flatMap((key) => ["peer", key, "remove"]);
    const peer = ["peer", gateway.publicKey, "endpoint", gateway.endpoint, "persistent-keepalive", "5"];
    await this.run("wg", "set", DEVICE, ...others, ...peer, "allowed-ips", this.#behind.join(","));
    this.#health = `http://${gateway.address}:51821/healthz`;
  }

  reachesGateway(): Promise<boolean> {
    return answersTo(this.#namespace, this.#health);
  }

  /** Runs a command on it, and returns its output. @throws Error when it fails */
  async run(...command: readonly string[]): Promise<string> {
    return (await execIn(this.#namespace, command)).stdout.trim();
  }

  get namespace(): string {
    return this.#namespace;
  }

  async leave(): Promise<void> {
    this.#program.kill();
    await patch(this.#sandbox, { [NAME]: null });
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function patch(sandbox: Sandbox, data: Readonly<Record<string, string | null>>): Promise<string> {
  const change = `--patch=${JSON.stringify({ data })}`;
  return sandbox.kubectl(["patch", "configmap", "eks-satellite-network", MAPS, "--type=merge", change]);
}
