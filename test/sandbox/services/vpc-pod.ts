// A pod in the VPC: a process of the host with an address of its own, a Service, and the EndpointSlice that leads to it.
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { clean } from "../environment.ts";
import { workerNamespace } from "../vpc/worker.ts";

/** Where a Service is. */
export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
}

/** A port of a Service, which its pod serves too. */
export interface ServicePort {
  readonly name: string;
  readonly port: number;
  readonly targetPort?: number;
  readonly protocol?: "TCP" | "UDP";
}

/** The network namespace in which pods of the VPC run. */
export function podNamespace({ slot, controlNamespace, vpc }: Addresses): string {
  return vpc ? workerNamespace(slot) : controlNamespace;
}

/** Gives the pod its address, which machine and host reach as they reach the control plane. */
export async function giveAddress({ controlNamespace, access }: Addresses, address: string): Promise<void> {
  await execa("ip", ["-n", controlNamespace, "address", "replace", `${address}/32`, "dev", "lo"], clean());
  await execa("ip", ["route", "replace", address, "via", access.inside], clean());
}

/** A Service without a selector, and its one endpoint. */
export function renderService(
  service: ServiceName & { readonly clusterIP: string },
  address: string,
  ports: readonly ServicePort[],
  labels: Readonly<Record<string, string>> = {},
): string {
  const { clusterIP, ...name } = service;
  const targets = ports.map((port) => ({ targetPort: port.port, ...port }));
  const object = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...name, labels },
    spec: { clusterIP, ports: targets },
  };
  return `${JSON.stringify(object)}\n${renderEndpoints(service, address, ports)}`;
}

/** The EndpointSlice of a Service that has one endpoint. */
export function renderEndpoints(
  { name, namespace }: ServiceName,
  address: string,
  ports: readonly ServicePort[],
): string {
  return JSON.stringify({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: ports.map((port) => ({
      protocol: port.protocol ?? "TCP",
      name: port.name,
      port: port.targetPort ?? port.port,
    })),
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
  });
}
