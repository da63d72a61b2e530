// What this program asks of Lambda Cloud, in its own words: the interface that the commands know, and a Lambda in memory has too.

/** A type of machine. */
export interface MachineType {
  /** E.g. gpu_1x_a10. */
  readonly name: string;
  readonly description: string;
  readonly gpuDescription: string | undefined;
  readonly centsPerHour: number;
  readonly vcpus: number;
  readonly memoryGib: number;
  readonly storageGib: number;
  readonly gpus: number;
}

/** A type, and where it can be launched now. */
export interface MachineOffer extends MachineType {
  readonly regions: readonly Region[];
}

export interface Region {
  readonly name: string;
  readonly description: string | undefined;
}

/** Whether something can be done to a machine now, and Lambda's reason where it cannot. */
export interface MachineAction {
  readonly isAvailable: boolean;
  readonly reason: string | undefined;
}

/** A machine that exists, and costs. The address of its notebook, and the token in it, are left out at the edge. */
export interface Machine {
  readonly id: string;
  readonly name: string | undefined;
  readonly hostname: string | undefined;
  /** The public address; absent while it boots. */
  readonly address: string | undefined;
  readonly privateAddress: string | undefined;
  /** One of KNOWN_STATUSES, or a word that Lambda has learned since. */
  readonly status: string;
  readonly sshKeyNames: readonly string[];
  readonly fileSystemNames: readonly string[];
  readonly region: Region;
  readonly type: MachineType;
  /** By `restart`, `terminate`, … */
  readonly actions: Readonly<Record<string, MachineAction>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly rulesetIds: readonly string[];
}

export interface MachineImage {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly version: string;
  /** x86_64 or arm64. */
  readonly architecture: string;
  readonly region: string;
}

export interface SshKey {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
}

export interface FileSystem {
  readonly id: string;
  readonly name: string;
  readonly mountPoint: string;
  readonly region: string;
  readonly isInUse: boolean;
}

export interface FirewallRule {
  readonly protocol: "tcp" | "udp" | "icmp" | "all";
  /** First and last port; absent for icmp. */
  readonly ports?: readonly [number, number];
  /** IPv4, with a mask. */
  readonly source: string;
  readonly description: string;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly rules: readonly FirewallRule[];
  /** Machines that have it. */
  readonly machineIds: readonly string[];
}

/** A launch. Name and host name are one. */
export interface LaunchRequest {
  readonly name: string;
  readonly type: string;
  readonly region: string;
  readonly sshKey: string;
  readonly image?: { readonly id: string } | { readonly family: string };
  readonly fileSystems?: readonly string[];
  /** Plain text of at most 1 MB. It may hold keys: it is shown nowhere. */
  readonly userData?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rulesetIds?: readonly string[];
}

/**
 * Lambda Cloud. Each call waits for its turn (1.1 s after the one before, 12.5 s between launches), and until Lambda has an end of 429. Each
 * fails with a SatelliteError whose code begins with `lambda-`; `isOutcomeUnknown` says of one whether the call may have had its effect.
 */
export interface LambdaApi {
  /** All types by name, those without capacity too. */
  listTypes(signal?: AbortSignal): Promise<readonly MachineOffer[]>;
  /** All machines of the key's workspace. Those that were terminated may be among them for a while. */
  list(signal?: AbortSignal): Promise<readonly Machine[]>;
  /** The id of the new machine. A lost answer may have made one: list by tag before another try. @throws lambda-no-capacity, … */
  launch(request: LaunchRequest, signal?: AbortSignal): Promise<string>;
  /** @throws lambda-conflict, lambda-not-found, … */
  restart(id: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when Lambda has begun. @throws lambda-not-found, … */
  terminate(id: string, signal?: AbortSignal): Promise<void>;

  listImages(signal?: AbortSignal): Promise<readonly MachineImage[]>;
  listSshKeys(signal?: AbortSignal): Promise<readonly SshKey[]>;
  /** Adds a public key; Lambda never makes a pair for this program. */
  addSshKey(name: string, publicKey: string, signal?: AbortSignal): Promise<SshKey>;
  deleteSshKey(id: string, signal?: AbortSignal): Promise<void>;
  listFileSystems(signal?: AbortSignal): Promise<readonly FileSystem[]>;
  /** The workspace's own rules, which hold for all of its machines. */
  listGlobalRules(signal?: AbortSignal): Promise<readonly FirewallRule[]>;
  listRulesets(signal?: AbortSignal): Promise<readonly Ruleset[]>;
  createRuleset(ruleset: NewRuleset, signal?: AbortSignal): Promise<Ruleset>;
  /** @throws lambda-in-use, lambda-not-found, … */
  deleteRuleset(id: string, signal?: AbortSignal): Promise<void>;
}

/** A ruleset can be attached at launch alone, to machines of its region. */
export type NewRuleset = Pick<Ruleset, "name" | "region" | "rules">;
