// What the agent wants to be true of the machine, one value a thing. The kinds here and the executors in apply/ are the same set.

import { READERS, type Reader, type Restart } from "./readers.ts";
import type { FirewallResource, TunnelResource } from "./tunnel/resources.ts";

export interface FileResource {
  readonly kind: "file";
  readonly path: string;
  readonly content: string;
  /** Permission bits, enforced; of a merged file those that it gets when it is new. */
  readonly mode: number;
  /** The file is another's, and the agent's keys are merged into it: it keeps its owner and its mode. */
  readonly isMerged?: boolean;
  readonly reader: Reader;
  /** Why it is there, for `plan` and for the person who finds it. */
  readonly why: string;
}

export interface SysctlResource {
  readonly kind: "sysctl";
  /** Dotted, as in sysctl(8). */
  readonly key: string;
  readonly value: string;
  readonly why: string;
}

export interface KernelModuleResource {
  readonly kind: "kernel-module";
  readonly name: string;
  readonly why: string;
}

/** An address of the machine's own on `lo`, as /32: no other machine has a route to it. */
export interface AddressResource {
  readonly kind: "address";
  readonly address: string;
  readonly why: string;
}

/** What a service must do to count as started, beyond systemd's word that it is active. */
export type Readiness =
  /** It answers CRI's Status on this socket. */
  | { readonly kind: "cri"; readonly socket: string }
  /** systemd says that it is active. */
  | { readonly kind: "active" };

/** A systemd service that must run, and with the configuration file that the plan contains. */
export interface ServiceResource {
  readonly kind: "service";
  /** E.g. `containerd.service`. */
  readonly unit: string;
  /** The planned file that it reads at its start, if any: it is restarted when it started with another content. */
  readonly configFile?: string;
  readonly readiness: Readiness;
  readonly why: string;
}

export type Resource =
  | FileResource
  | SysctlResource
  | KernelModuleResource
  | ServiceResource
  | AddressResource
  | TunnelResource
  | FirewallResource;

/** A name that is unique in a plan and stable between versions: the ledger's key. */
export function resourceId(resource: Resource): string {
  switch (resource.kind) {
    case "file":
      return `file:${resource.path}`;
    case "sysctl":
      return `sysctl:${resource.key}`;
    case "kernel-module":
      return `kernel-module:${resource.name}`;
    case "service":
      return `service:${resource.unit}`;
    case "address":
      return `address:${resource.address}`;
    case "tunnel":
      return `tunnel:${resource.interface}`;
    case "firewall":
      return `firewall:${resource.chain}${resource.table === undefined ? "" : `:${resource.table}`}`;
  }
}

/** Whether a resource is a file whose reader is restarted in this way when the content changes. */
export function restarts(how: Restart, resource: Resource): resource is FileResource {
  return resource.kind === "file" && READERS[resource.reader].restart === how;
}

/** Whether a resource is a file of this reader. */
export function isReadBy(reader: Reader, resource: Resource): resource is FileResource {
  return resource.kind === "file" && resource.reader === reader;
}

/** Whether a file may hold secrets: no other user can read it, or another's keys are in it. */
export function mayHoldSecrets({ mode, isMerged }: FileResource): boolean {
  return isMerged === true || (mode & 0o004) === 0;
}

/** A file of mode 0644 that no program reads only at its start, unless the options say otherwise. */
export function plannedFile(
  path: string,
  content: string,
  why: string,
  options: Partial<Pick<FileResource, "reader" | "mode" | "isMerged">> = {},
): FileResource {
  return { kind: "file", path, content, mode: 0o644, reader: "none", why, ...options };
}
