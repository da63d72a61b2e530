// Where the API server and the cluster's DNS are behind their Services: what satellites may reach through the gateway.
import type { V1EndpointSlice } from "@kubernetes/client-node";
import ipaddr from "ipaddr.js";
import type { ApiClient } from "../kubernetes/api-client.ts";
import { TUNNEL_NAMESPACE } from "../tunnel/names.ts";
import type { ServiceAddress } from "./forward-rules.ts";

export interface ServiceAddresses {
  readonly apiServers: readonly ServiceAddress[];
  readonly clusterDns: readonly ServiceAddress[];
}

/** More addresses are no cluster's: each is a rule of the firewall. */
const MAX_ADDRESSES = 64;

/** Reads the slices of `default/kubernetes` and `kube-system/kube-dns`. */
export async function readServiceAddresses(client: ApiClient): Promise<ServiceAddresses> {
  const [apiServers, clusterDns] = await Promise.all([
    readSlices(client, "default", "kubernetes"),
    readSlices(client, TUNNEL_NAMESPACE, "kube-dns"),
  ]);
  return { apiServers, clusterDns };
}

async function readSlices(client: ApiClient, namespace: string, service: string): Promise<readonly ServiceAddress[]> {
  const query = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${service}`, limit: "100" });
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${query}`;
  const { items } = await client.get<{ readonly items: readonly V1EndpointSlice[] | null }>(path);
  const found = (items ?? []).filter(({ addressType }) => addressType === "IPv4").flatMap(addressesOf);
  const unique = new Map(found.map((each) => [`${each.address} ${each.protocol} ${each.port}`, each]));
  return [...unique.keys()]
    .toSorted()
    .slice(0, MAX_ADDRESSES)
    .flatMap((key) => unique.get(key) ?? []);
}

/** An endpoint that says nothing of its readiness is ready (EndpointConditions). */
function addressesOf({ endpoints, ports }: V1EndpointSlice): readonly ServiceAddress[] {
  const addresses = (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap((endpoint) => endpoint.addresses)
    .filter((address) => ipaddr.IPv4.isValidFourPartDecimal(address));
  const targets = (ports ?? []).flatMap(({ port, protocol = "TCP" }) =>
    Number.isInteger(port) && /^(TCP|UDP)$/.test(protocol)
      ? [{ port: Number(port), protocol: protocol === "UDP" ? ("udp" as const) : ("tcp" as const) }]
      : [],
  );
  return addresses.flatMap((address) => targets.map((target) => ({ address, ...target })));
}
