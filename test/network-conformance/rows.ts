// What a cluster's network must do for a satellite: one row for each way that packets take.
import { NODE } from "../e2e/network/routed.ts";
import { HOST_PORT, NODE_PORTS, POD_PORT } from "../e2e/network/routed-pods.ts";
import type { Question, Row } from "./questions.ts";
import { ECHO_PORT, NEIGHBOUR_POD, type Site } from "./site.ts";

/** Of a datagram in a packet that fills the tunnel's 1420 bytes. */
const WHOLE = 1392;
const APP_SERVICE = "10.100.0.40";
const API_SERVICE = "10.100.0.1";
const SECONDS = 10;

export function conformanceRows(site: Site): readonly Row[] {
  return [
    { name: "pod → pod, satellite → VPC", questions: () => toVpc(site) },
    { name: "pod → pod, VPC → satellite", questions: () => fromVpc(site) },
    { name: "pod → pod, satellite ↔ satellite", questions: () => betweenSatellites(site) },
    { name: "pod → ClusterIP", questions: () => clusterAddresses(site) },
    { name: "pod → DNS", questions: async () => names(site) },
    { name: "pod → API", questions: async () => api(site) },
    { name: "MTU, VPC → pod, DF", questions: () => sizesToPod(site) },
    { name: "MTU, pod → VPC, DF", questions: () => sizesFromPod(site) },
    { name: "NodePort", questions: async () => nodePorts(site) },
    { name: "hostPort", questions: async () => [fromVpcTo(site, NODE, HOST_PORT, /^alone asked from/)] },
    { name: "webhook", questions: async () => webhook(site) },
    { name: "logs and exec", questions: async () => logsAndExec(site) },
    { name: "pod → internet", questions: async () => internet(site) },
  ];
}

async function toVpc({ node }: Site): Promise<readonly Question[]> {
  const { appPod } = node.connected.sandbox.addresses;
  const own = await node.addressOf("asks");
  return [fromPod(node, `http://${appPod}:${POD_PORT}/`, appAskedFrom(own))];
}

async function fromVpc(site: Site): Promise<readonly Question[]> {
  return [fromVpcTo(site, await site.node.addressOf("alone"), POD_PORT, /^alone asked from .*10\.0\.3\.(?:53|80)/)];
}

async function betweenSatellites({ node, neighbour }: Site): Promise<readonly Question[]> {
  const [own, alone] = [await node.addressOf("asks"), await node.addressOf("alone")];
  const url = `http://${alone}:${POD_PORT}/cgi-bin/who`;
  const curl = ["curl", "--silent", "--show-error", "--max-time", String(SECONDS), "--interface", NEIGHBOUR_POD, url];
  return [
    fromPod(node, `http://${NEIGHBOUR_POD}:${POD_PORT}/`, appAskedFrom(own)),
    {
      ...{ asked: `in a pod of the other satellite: ${curl.join(" ")}`, ask: () => neighbour.run(...curl) },
      answer: new RegExp(`^alone asked from .*${literal(NEIGHBOUR_POD)}`),
    },
  ];
}

async function clusterAddresses({ node }: Site): Promise<readonly Question[]> {
  const own = await node.addressOf("asks");
  const pair = await node.kubectl("get", "service", "pair", "--output=jsonpath={.spec.clusterIP}");
  return [
    fromPod(node, `http://${APP_SERVICE}/`, appAskedFrom(own)),
    fromPod(node, `http://${pair}/cgi-bin/who`, new RegExp(`^pair-\\S+ asked from .*${literal(own)}`)),
  ];
}

function names({ node }: Site): readonly Question[] {
  const resolves = (name: string, address: string): Question => ({
    ...{ asked: `in a pod: nslookup ${name}`, ask: () => node.asks("nslookup", name) },
    answer: new RegExp(`Address[^\\n]*${literal(address)}\\b`),
  });
  return [
    resolves("kubernetes.default.svc.cluster.local", API_SERVICE),
    resolves("app-in-the-vpc.default.svc.cluster.local", APP_SERVICE),
  ];
}

function api({ node }: Site): readonly Question[] {
  return [version(node, `https://${API_SERVICE}/version`)];
}

async function sizesToPod({ node, datagrams }: Site): Promise<readonly Question[]> {
  const alone = await node.addressOf("alone");
  const sent = (bytes: number, answer: RegExp): Question => ({
    asked: `in a pod of the VPC: ${bytes} bytes by UDP to ${alone}:${ECHO_PORT}, which no router may cut`,
    ask: () => datagrams.toPod(alone, bytes),
    answer,
  });
  return [sent(WHOLE, new RegExp(`^echo of ${WHOLE}$`)), sent(WHOLE + 1, /^EMSGSIZE$/)];
}

async function sizesFromPod({ node, datagrams }: Site): Promise<readonly Question[]> {
  const asks = await node.addressOf("asks");
  const { appPod } = node.connected.sandbox.addresses;
  const sent = (bytes: number, answer: RegExp): Question => ({
    asked: `in the pod ${asks}: ${bytes} bytes by UDP to ${appPod}:${ECHO_PORT}, which no router may cut`,
    ask: () => datagrams.fromPod(asks, appPod, bytes),
    answer,
  });
  return [sent(WHOLE, new RegExp(`^echo of ${WHOLE}$`)), sent(WHOLE + 1, /^EMSGSIZE$/)];
}

function nodePorts(site: Site): readonly Question[] {
  const local = /^pair-\S+ asked from .*10\.0\.3\.(?:53|80)/;
  return [
    fromVpcTo(site, NODE, NODE_PORTS.cluster, /^pair-\S+ asked from/),
    fromVpcTo(site, NODE, NODE_PORTS.local, local),
  ];
}

function webhook({ node }: Site): readonly Question[] {
  const create = ["create", "configmap", "refused", "--from-literal=a=b"];
  return [
    {
      asked: `kubectl ${create.join(" ")}, which a webhook in a pod of the satellite refuses`,
      ask: () =>
        node.kubectl(...create).finally(() => node.kubectl("delete", "configmap", "refused", "--ignore-not-found")),
      answer: /^error: [\s\S]*denied by a webhook on the satellite/,
    },
  ];
}

function logsAndExec({ node }: Site): readonly Question[] {
  const logs = ["logs", "hook", "--tail=1", "--request-timeout=20s"];
  const exec = ["exec", "alone", "--", "sh", "-c", "echo $NAME"];
  return [
    { asked: `kubectl ${logs.join(" ")}`, ask: () => node.kubectl(...logs), answer: /^listening/ },
    { asked: `kubectl ${exec.join(" ")}`, ask: () => node.kubectl(...exec), answer: /^alone$/ },
  ];
}

function internet({ node, internet: address }: Site): readonly Question[] {
  const { sandbox } = node.connected;
  const nat = sandbox.addresses.vpc?.natPublic[0] ?? "";
  return [
    fromPod(node, `http://${address}:${POD_PORT}/`, appAskedFrom(nat)),
    version(node, `https://${sandbox.addresses.api}/version`),
  ];
}

function version(node: Site["node"], url: string): Question {
  const get = ["/bin/busybox", "timeout", String(SECONDS), "wget", "-q", "--no-check-certificate", "-O", "-", url];
  return { asked: `in a pod: wget ${url}`, ask: () => node.asks(...get), answer: /^\{\s*"major": "1"/ };
}

function fromPod(node: Site["node"], url: string, answer: RegExp): Question {
  return { asked: `in a pod of the satellite: wget ${url}`, ask: () => node.fetchFromPod(url), answer };
}

function fromVpcTo({ node }: Site, address: string, port: number, answer: RegExp): Question {
  const url = `http://${address}:${port}/cgi-bin/who`;
  return { asked: `in a pod of the VPC: curl ${url}`, ask: () => node.fromVpc(url), answer };
}

function appAskedFrom(address: string): RegExp {
  return new RegExp(`^the app in the VPC, asked from ${literal(address)}\\s*$`);
}

/** An address as a pattern. @throws Error when a pod has none: an empty pattern fits everything */
function literal(address: string): string {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) throw new Error(`${JSON.stringify(address)} is no address`);
  return address.replaceAll(".", "\\.");
}
