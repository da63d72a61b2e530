// The addresses of two Services that every cluster has, computed on the range's address and not on its text.
import ipaddr from "ipaddr.js";
import { SatelliteError } from "../errors.ts";

/** EKS gives kube-dns the tenth address of the service CIDR, in both families. */
const DNS_OFFSET = 10;
/** The API server gives `kubernetes` in namespace default the first one. */
const API_OFFSET = 1;

/** `10.100.0.0/16` → `10.100.0.10`; `fd12:3456::/108` → `fd12:3456::a`. @throws service-cidr-invalid */
export function clusterDnsAddress(serviceCidr: string): string {
  return addressAt(serviceCidr, DNS_OFFSET);
}

/** The API server's own Service: `10.100.0.0/16` → `10.100.0.1`. @throws service-cidr-invalid */
export function firstServiceAddress(serviceCidr: string): string {
  return addressAt(serviceCidr, API_OFFSET);
}

function addressAt(serviceCidr: string, offset: number): string {
  if (!ipaddr.isValidCIDR(serviceCidr)) throw invalid(serviceCidr);
  const [, prefixLength] = ipaddr.parseCIDR(serviceCidr);
  const family = serviceCidr.includes(":") ? ipaddr.IPv6 : ipaddr.IPv4;
  const bytes = family.networkAddressFromCIDR(serviceCidr).toByteArray();
  if (bytes.length * 8 - prefixLength < Math.ceil(Math.log2(DNS_OFFSET + 1))) throw invalid(serviceCidr);
  // The last byte of a network of at least 16 addresses has its four lowest bits clear: no carry.
  const last = bytes.length - 1;
  return ipaddr.fromByteArray(bytes.with(last, (bytes[last] ?? 0) + offset)).toString();
}

function invalid(serviceCidr: string): SatelliteError {
  return new SatelliteError(
    "service-cidr-invalid",
    `the cluster's service CIDR ${JSON.stringify(serviceCidr)} has no room for a DNS address`,
    {
      hint: "Compare with aws eks describe-cluster --query cluster.kubernetesNetworkConfig.",
    },
  );
}
