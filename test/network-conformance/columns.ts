// What happens before a column is asked, and what packets of the VPC may lose meanwhile.
import { setTimeout as delay } from "node:timers/promises";
import { readGatewayMap } from "../../agent/tunnel/entries.ts";
import { CLUSTER } from "../e2e/network/connected.ts";
import type { PingResult } from "../e2e/network/echo-requests.ts";
import { DEVICES, GATEWAYS, otherThan } from "../e2e/network/pair.ts";
import { waitFor } from "../sandbox/wait.ts";
import type { Site } from "./site.ts";

export interface Column {
  readonly name: string;
  readonly happen: (site: Site) => Promise<void>;
  /** After the column was asked. */
  readonly end?: (site: Site) => Promise<void>;
  /** What is wrong with the echo requests of that time; undefined: nothing. */
  readonly judge?: (pings: PingResult) => string | undefined;
}

/** Seconds: the standby's promise. */
const FAILOVER_MS = 6000;
const ROTATION_MS = 240_000;
const FOLLOWED_MS = 120_000;

const losesNone = ({ sent, lost, lostAtMs }: PingResult) =>
  lost === 0
    ? undefined
    : `${lost} of ${sent} echo requests were lost, and none may be; the first of them ${lostAtMs.map((ms) => ms / 1000).join(", ")} s from the beginning`;

export const COLUMNS: readonly Column[] = [
  { name: "before", happen: () => delay(5000), judge: losesNone },
  {
    name: "after gateway failover",
    happen: failOver,
    end: bringBack,
    judge: ({ longestGapMs }) =>
      longestGapMs < FAILOVER_MS ? undefined : `the VPC heard nothing for ${longestGapMs} ms, more than ${FAILOVER_MS}`,
  },
  { name: "after key rotation", happen: rotateKeys, judge: losesNone },
  { name: "after a daemon restart", happen: restart, judge: losesNone },
  { name: "after a reboot", happen: reboot },
];

/** The gateway that carries dies, and stays away until the column was asked. */
async function failOver({ node, pair, neighbour, healthyMs }: Site): Promise<void> {
  const holder = await pair.settled(node.connected.satellite, healthyMs);
  const other = otherThan(holder);
  await (await pair.instance(holder)).kill();
  await pair.until(other, healthyMs);
  await neighbour.follow(other);
  const isFollowed = async () => (await node.box("ip", "route", "get", "10.0.1.10")).includes(DEVICES[other]);
  await waitFor({ what: `the node to follow ${other}`, deadlineMs: healthyMs }, isFollowed);
}

async function bringBack({ node, pair, healthyMs }: Site): Promise<void> {
  for (const name of GATEWAYS) {
    const instance = await pair.instance(name);
    if (!(await instance.isRunning())) await instance.start();
  }
  await pair.settled(node.connected.satellite, healthyMs);
}

/** The satellite's key, then those of both gateways, which announce it for 90 s. */
async function rotateKeys(site: Site): Promise<void> {
  const { node, pair, neighbour } = site;
  const before = await gatewayKeys(site);
  const own = await node.box("eks-satellite", "tunnel-key");
  const next = await node.box("eks-satellite", "tunnel-key", "--rotate");
  if (next === own) throw new Error("the satellite has the same key as before");
  const { laptop } = node.connected;
  const line = `eks-satellite gateway rotate-key ${CLUSTER}`;
  const { exitCode, stdout, stderr } = await laptop.run(line, { timeoutMs: ROTATION_MS });
  if (exitCode !== 0) throw new Error(`${line}: ${stdout}${stderr}`);
  let seen: unknown;
  const wait = {
    what: "new keys on both ends",
    deadlineMs: FOLLOWED_MS,
    intervalMs: 500,
    explain: () => JSON.stringify(seen),
  };
  await waitFor(wait, async () => {
    const [keys, peers] = [await gatewayKeys(site), await peersOfNode(site)];
    seen = { before, keys, peers };
    return keys.every((key, index) => key !== before[index]) && peers.join() === keys.join();
  });
  await neighbour.follow(await pair.holder());
}

/** Public keys of the gateways, as they say them. */
async function gatewayKeys({ node }: Site): Promise<readonly string[]> {
  const get = ["get", "configmap", "eks-satellite-gateways", "--namespace=kube-system", "--output=json"];
  const { gateways } = readGatewayMap(JSON.parse(await node.kubectl(...get)).data);
  return GATEWAYS.map((name) => gateways.get(name)?.publicKey ?? "");
}

/** Peers of the node's interfaces, one for each gateway. */
async function peersOfNode({ node }: Site): Promise<readonly string[]> {
  return Promise.all(GATEWAYS.map((name) => node.box("wg", "show", DEVICES[name], "peers")));
}

async function restart({ node, healthyMs }: Site): Promise<void> {
  await node.connected.satellite.systemctl("restart");
  await node.connected.satellite.untilHealthy(healthyMs);
}

/** In order, as `reboot` does it. Until kubelet has reported, the cluster shows the pods' addresses of before. */
async function reboot({ node, healthyMs }: Site): Promise<void> {
  const { sandbox, satellite } = node.connected;
  await sandbox.reboot();
  await satellite.untilHealthy(healthyMs);
  const timeout = `--timeout=${healthyMs / 1000}s`;
  await node.kubectl("wait", "--for=condition=Ready", "pod/alone", "pod/asks", "pod/hook", timeout);
}
