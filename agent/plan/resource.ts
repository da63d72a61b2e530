// What the agent wants to be true of the machine, one value a thing. The kinds here and the executors in apply/ are the same set.

/** Who reads a file, and so must be restarted when it started with other content. */
export type Reader = "kubelet" | "containerd" | "nobody";

export interface FileResource {
  readonly kind: "file";
  readonly path: string;
  readonly content: string;
  /** Permission bits, enforced. */
  readonly mode: number;
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

/** A systemd service that must run with the configuration file that the plan contains. */
export interface ServiceResource {
  readonly kind: "service";
  /** E.g. `containerd.service`. */
  readonly unit: string;
  /** The file that it reads at its start; it is restarted when it started with another content. */
  readonly configFile: string;
  readonly why: string;
}

export type Resource = FileResource | SysctlResource | KernelModuleResource | ServiceResource;

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
  }
}
