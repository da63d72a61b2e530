// Which kubelet-serving certificate requests deserve approval: EKS's rule, and kubelet's own contract.
import { BlockList } from "node:net";
import { execa } from "execa";
import { clean } from "./environment.ts";

/** A CertificateSigningRequest, as much of it as decides. */
export interface SigningRequest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly signerName: string;
    readonly username: string;
    readonly groups?: readonly string[];
    readonly usages: readonly string[];
    /** PKCS#10 in PEM, in base64. */
    readonly request: string;
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
}

/** What the PKCS#10 asks for. */
export interface RequestedCertificate {
  readonly subject: string;
  readonly alternativeNames: readonly string[];
}

/** Whether a node may serve at an address. */
export type AddressRule = (address: string, node: string) => boolean;

/** A hybrid node's address must lie in the cluster's remote node networks; of others nothing is known. */
export function withinNetworks(networks: readonly string[]): AddressRule {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefixLength] = network.split("/");
    list.addSubnet(address, Number(prefixLength), "ipv4");
  }
  return (address, node) => node.startsWith("fargate-ip-") || list.check(address);
}

const addressPrefix = "IP Address:";
const allowedUsages = new Set(["digital signature", "key encipherment", "server auth"]);

/**
 * Why the request is not approved, or undefined when it is: a node asks, for itself, for its own name and address.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
 */
export function refusalOf(
  { spec }: SigningRequest,
  wanted: RequestedCertificate,
  mayServe: AddressRule,
): string | undefined {
  const node = /^system:node:(.+)$/.exec(spec.username)?.[1];
  if (!node || !spec.groups?.includes("system:nodes")) return `${spec.username} is not a node`;
  const subject = `O = system:nodes, CN = ${spec.username}`;
  if (wanted.subject !== subject) return `the subject is "${wanted.subject}", not "${subject}"`;
  const usage = spec.usages.find((name) => !allowedUsages.has(name));
  if (usage) return `the usage "${usage}" is not a server's`;
  if (!spec.usages.includes("server auth")) return 'the usage "server auth" is missing';
  const isOwn = (name: string) =>
    name === `DNS:${node}` || (name.startsWith(addressPrefix) && mayServe(name.slice(addressPrefix.length), node));
  const foreign = wanted.alternativeNames.find((name) => !isOwn(name));
  if (foreign) return `the name "${foreign}" is not the node's`;
  return wanted.alternativeNames.length === 0 ? "there is no subject alternative name" : undefined;
}

/** Reads a PKCS#10 with openssl. */
export async function readRequest(base64: string): Promise<RequestedCertificate> {
  const args = ["req", "-noout", "-text", "-nameopt", "oneline"];
  const { stdout } = await execa("openssl", args, { ...clean(), input: Buffer.from(base64, "base64") });
  return parseRequest(stdout);
}

/** The subject and names in openssl's text of a request. */
export function parseRequest(text: string): RequestedCertificate {
  const names = /Subject Alternative Name:.*\n\s*(.*)/.exec(text)?.[1] ?? "";
  return {
    subject: /Subject: (.*)/.exec(text)?.[1]?.trim() ?? "",
    alternativeNames: names
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
  };
}
