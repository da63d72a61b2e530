// Pods with addresses of their own, as the tests of network.cni: routed use them, and packets of exact sizes to and from them.
import { execa } from "execa";
import { clean } from "../../sandbox/environment.ts";
import { webImage } from "../../sandbox/images.ts";
import { execIn } from "../../sandbox/links.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

export const POD_PORT = 8080;
export const HOST_PORT = 8081;
/** Of the Service that forwards with the node's address, and of that with the client's. */
export const NODE_PORTS = { cluster: 30_080, local: 30_081 } as const;

/** A page that says which pod answers, and who asked. */
const WHO = [
  "mkdir -p /w/cgi-bin",
  "printf '#!/bin/sh\\necho Content-type: text/plain\\necho\\necho $NAME asked from $REMOTE_ADDR\\n' >/w/cgi-bin/who",
  "printf '#!/bin/sh\\necho Content-type: text/plain\\necho\\n/bin/busybox wc -c\\n' >/w/cgi-bin/count",
  "/bin/busybox chmod +x /w/cgi-bin/who /w/cgi-bin/count",
  "/bin/busybox dd if=/dev/zero of=/w/large bs=1024 count=2000",
  `exec httpd -f -h /w -p ${POD_PORT}`,
].join("; ");

const container = (name: string, more: object = {}) => ({
  ...{ name, image: webImage, imagePullPolicy: "Never", command: ["/bin/sh", "-c", WHO] },
  env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
  readinessProbe: { tcpSocket: { port: POD_PORT }, periodSeconds: 1 },
  ...more,
});

const service = (name: string, selector: string, spec: object, port: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name } },
  spec: { selector: { app: selector }, ports: [{ port: 80, targetPort: POD_PORT, ...port }], ...spec },
});

/** A pod with a host port, two replicas, a pod that asks, and a Service of each kind in front. */
export function renderPods(): string {
  const labels = { app: "pair" };
  const terminationGracePeriodSeconds = 0;
  const pod = (name: string, one: object) => ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name } } },
    spec: { terminationGracePeriodSeconds, containers: [one] },
  });
  const items = [
    pod("alone", container("alone", { ports: [{ containerPort: POD_PORT, hostPort: HOST_PORT }] })),
    pod("asks", { name: "asks", image: webImage, imagePullPolicy: "Never", command: ["sleep", "7200"] }),
    {
      ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "pair" } },
      spec: {
        ...{ replicas: 2, selector: { matchLabels: labels } },
        template: {
          metadata: { labels },
          spec: { terminationGracePeriodSeconds, containers: [container("pair")] },
        },
      },
    },
    service("alone", "alone", {}),
    service("pair", "pair", { type: "NodePort" }, { nodePort: NODE_PORTS.cluster }),
    service("pair-local", "pair", { type: "NodePort", externalTrafficPolicy: "Local" }, { nodePort: NODE_PORTS.local }),
    service("pair-sticky", "pair", { sessionAffinity: "ClientIP" }),
    service("pair-headless", "pair", { clusterIP: "None" }),
  ];
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** Two Services whose replicas are the pair here and the application in the VPC, in a zone of AWS: one keeps to a zone where it can. */
export function renderBothSides(appPod: string): string {
  const zone = "us-east-1a";
  const items = ["both-sides", "near-side"].flatMap((name) => [
    service(name, "pair", name === "near-side" ? { trafficDistribution: "PreferClose" } : {}, { name: "http" }),
    {
      ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
      metadata: { name: `${name}-far`, labels: { "kubernetes.io/service-name": name, app: "far" } },
      ports: [{ name: "http", port: POD_PORT, protocol: "TCP" }],
      endpoints: [{ addresses: [appPod], conditions: { ready: true }, zone, hints: { forZones: [{ name: zone }] } }],
    },
  ]);
  return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** The network namespace of a pod, as nsenter takes it on this host. @throws Error when no pod of the machine has the address */
export async function podNamespacePath({ addresses }: Sandbox, address: string): Promise<string> {
  const { stdout: pids } = await execa("ip", ["netns", "pids", addresses.machineNamespace], clean());
  const folder = `/proc/${pids.split("\n")[0]}/root/run/netns`;
  const { stdout: names } = await execa("ls", [folder], clean());
  for (const name of names.split("\n")) {
    const show = [`--net=${folder}/${name}`, "ip", "-4", "-oneline", "address", "show"];
    if ((await execa("nsenter", show, clean())).stdout.includes(` ${address}/`)) return `${folder}/${name}`;
  }
  throw new Error(`no pod has ${address}`);
}

const ECHO = `
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
    s.bind((sys.argv[1], int(sys.argv[2])))
    s.settimeout(60)
    print("listening", flush=True)
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)
`;
const SEND = `
import errno, socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.IPPROTO_IP, 10, 2)
    s.settimeout(1)
    for attempt in range(5):
        try:
            s.sendto(b"x" * int(sys.argv[3]), (sys.argv[1], int(sys.argv[2])))
            print("echo of", len(s.recvfrom(65536)[0]))
            break
        except TimeoutError:
            pass
        except OSError as error:
            print(errno.errorcode[error.errno])
            break
    else:
        print("silence")
`;

/** Answers each datagram on a port of a pod with its own bytes, none of them in fragments, until it is ended. */
export async function startEcho(namespacePath: string, address: string, port: number) {
  const child = execa("nsenter", [`--net=${namespacePath}`, "python3", "-c", ECHO, address, String(port)], {
    ...clean(),
    reject: false,
    buffer: false,
  });
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  return { stop: () => child.kill() };
}

/** Sends datagrams of this many bytes, which no router may cut, and says what came of it: an echo, an error's name, or silence. */
export async function sendWhole(namespace: string, address: string, port: number, bytes: number): Promise<string> {
  const command = ["python3", "-c", SEND, address, String(port), String(bytes)];
  return (await execIn(namespace, command)).stdout.trim();
}
