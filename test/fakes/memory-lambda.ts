// Lambda Cloud in memory: machines that boot and end by the clock, capacity by region, and answers that a test loses.
import type {
  FileSystem,
  FirewallRule,
  LambdaApi,
  LaunchRequest,
  Machine,
  MachineImage,
  MachineOffer,
  NewRuleset,
  Ruleset,
  SshKey,
} from "../../agent/admin/lambda/api.ts";
import { noAnswer } from "../../agent/admin/lambda/errors.ts";
import { explainRefusal } from "../../agent/admin/lambda/refusal.ts";
import type { Clock } from "../../agent/host/host.ts";
import { A10, IMAGES, OFFERS } from "./lambda-samples.ts";

type Name = keyof LambdaApi;

const BOOT_MS = 180_000;
const END_MS = 60_000;
const AVAILABLE = { isAvailable: true, reason: undefined };
const unavailable = (reason: string) => ({ isAvailable: false, reason });

/** What a machine is made from; its status follows from the clock, unless a test sets it. */
interface Kept {
  readonly machine: Machine;
  readonly launchedMs: number;
  endingMs?: number;
  status?: string;
}

export class MemoryLambda implements LambdaApi {
  offers: readonly MachineOffer[] = OFFERS;
  images: readonly MachineImage[] = IMAGES;
  sshKeys: readonly SshKey[] = [{ id: "key-1", name: "work", publicKey: "ssh-ed25519 AAAA work" }];
  fileSystems: readonly FileSystem[] = [];
  globalRules: readonly FirewallRule[] = [{ protocol: "tcp", ports: [22, 22], source: "0.0.0.0/0", description: "" }];
  rulesets: readonly Ruleset[] = [];
  /** Every call, with its first argument where it has one. */
  readonly calls: string[] = [];
  /** Every launch as it was asked for. */
  readonly launches: LaunchRequest[] = [];
  bootMs = BOOT_MS;
  endMs = END_MS;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly #failures: { readonly name: Name; readonly fail: () => Error; readonly isDone: boolean }[] = [];
  #made = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next call of this name is refused as Lambda does it, e.g. `refuse("launch", 400, "global/quota-exceeded")`. */
  refuse(name: Name, status: number, code: string, message = "no"): void {
    const body = JSON.stringify({ error: { code, message } });
    const fail = () => explainRefusal({ call: name, status, body, keySource: "LAMBDA_API_KEY" });
    this.#failures.push({ name, fail, isDone: false });
  }

  /** The next call of this name is done, and its answer is lost. */
  loseAnswer(name: Name): void {
    this.#failures.push({
      name,
      fail: () => noAnswer(name, "https://cloud.lambda.ai/api/v1", undefined),
      isDone: true,
    });
  }

  /** Changes what a machine is, e.g. to one that another program launched. Returns its id. */
  put(change: Partial<Machine> & { readonly name: string }): string {
    const id = change.id ?? this.#nextId();
    const { regions: _, ...type } = A10;
    const machine: Machine = {
      ...{ id, hostname: change.name, address: `198.51.100.${this.#made}`, privateAddress: `10.0.2.${this.#made}` },
      ...{
        status: "active",
        sshKeyNames: ["work"],
        fileSystemNames: [],
        region: { name: "us-west-1", description: "" },
      },
      ...{ type, actions: {}, tags: {}, rulesetIds: [] },
      ...change,
    };
    this.#kept.set(id, { machine, launchedMs: this.#clock.monotonic(), status: machine.status });
    return id;
  }

  /** Lets a machine have any status, from now on. */
  setStatus(id: string, status: string): void {
    const kept = this.#kept.get(id);
    if (kept !== undefined) kept.status = status;
  }

  /** Those that cost. */
  running(): readonly Machine[] {
    return this.#machines().filter(({ status }) => status !== "terminated");
  }

  listTypes = () => this.#answer("listTypes", "", () => this.offers);
  list = () => this.#answer("list", "", () => this.#machines());
  listImages = () => this.#answer("listImages", "", () => this.images);
  listSshKeys = () => this.#answer("listSshKeys", "", () => this.sshKeys);
  listFileSystems = () => this.#answer("listFileSystems", "", () => this.fileSystems);
  listGlobalRules = () => this.#answer("listGlobalRules", "", () => this.globalRules);
  listRulesets = () => this.#answer("listRulesets", "", () => this.#rulesets());

  launch = (request: LaunchRequest) =>
    this.#answer("launch", request.name, () => {
      this.launches.push(request);
      const offer = this.offers.find(({ name }) => name === request.type);
      if (offer === undefined || !this.sshKeys.some(({ name }) => name === request.sshKey))
        throw this.#refusal("launch", 404, "global/object-does-not-exist");
      const region = offer.regions.find(({ name }) => name === request.region);
      if (region === undefined) throw this.#refusal("launch", 400, "instance-operations/launch/insufficient-capacity");
      const { regions: _, ...type } = offer;
      const { name, sshKey, tags, fileSystems = [], rulesetIds = [] } = request;
      const id = this.put({
        name,
        region,
        type,
        tags,
        rulesetIds,
        sshKeyNames: [sshKey],
        fileSystemNames: fileSystems,
      });
      const kept = this.#kept.get(id);
      if (kept !== undefined) delete kept.status;
      return id;
    });

  restart = (id: string) =>
    this.#answer("restart", id, () => {
      const kept = this.#find("restart", id);
      if (this.#statusOf(kept) !== "active") throw this.#refusal("restart", 409, "global/conflict");
      this.#kept.set(id, { machine: kept.machine, launchedMs: this.#clock.monotonic() });
    });

  terminate = (id: string) =>
    this.#answer("terminate", id, () => {
      const kept = this.#find("terminate", id);
      kept.endingMs ??= this.#clock.monotonic();
      delete kept.status;
    });

  addSshKey = (name: string, publicKey: string) =>
    this.#answer("addSshKey", name, () => {
      if (this.sshKeys.some((key) => key.name === name)) throw this.#refusal("addSshKey", 400, "global/duplicate");
      const key = { id: `key-${this.sshKeys.length + 1}`, name, publicKey };
      this.sshKeys = [...this.sshKeys, key];
      return key;
    });

  deleteSshKey = (id: string) =>
    this.#answer("deleteSshKey", id, () => {
      this.sshKeys = this.sshKeys.filter((key) => key.id !== id);
    });

  createRuleset = (ruleset: NewRuleset) =>
    this.#answer("createRuleset", ruleset.name, () => {
      if (this.rulesets.some(({ name }) => name === ruleset.name))
        throw this.#refusal("createRuleset", 400, "global/duplicate");
      const made = { ...ruleset, id: `ruleset-${this.rulesets.length + 1}`, machineIds: [] };
      this.rulesets = [...this.rulesets, made];
      return made;
    });

  deleteRuleset = (id: string) =>
    this.#answer("deleteRuleset", id, () => {
      const ruleset = this.#rulesets().find((each) => each.id === id);
      if (ruleset === undefined) throw this.#refusal("deleteRuleset", 404, "global/object-does-not-exist");
      if (ruleset.machineIds.length > 0)
        throw this.#refusal("deleteRuleset", 409, "firewall-rulesets/firewall-ruleset-in-use");
      this.rulesets = this.rulesets.filter((each) => each.id !== id);
    });

  async #answer<T>(name: Name, of: string, answer: () => T): Promise<T> {
    this.calls.push(of === "" ? name : `${name} ${of}`);
    const index = this.#failures.findIndex((failure) => failure.name === name);
    const [failure] = index < 0 ? [] : this.#failures.splice(index, 1);
    if (failure !== undefined && !failure.isDone) throw failure.fail();
    const result = answer();
    if (failure !== undefined) throw failure.fail();
    return result;
  }

  #machines(): readonly Machine[] {
    return [...this.#kept.values()].map((kept) => {
      const status = this.#statusOf(kept);
      const action = status === "active" ? AVAILABLE : unavailable(REASONS[status] ?? "vm-action-in-progress");
      const address = status === "booting" ? undefined : kept.machine.address;
      return { ...kept.machine, address, status, actions: { restart: action, terminate: AVAILABLE } };
    });
  }

  #statusOf({ launchedMs, endingMs, status }: Kept): string {
    if (status !== undefined) return status;
    const now = this.#clock.monotonic();
    if (endingMs !== undefined) return now < endingMs + this.endMs ? "terminating" : "terminated";
    return now < launchedMs + this.bootMs ? "booting" : "active";
  }

  #rulesets(): readonly Ruleset[] {
    const users = (id: string) => this.running().filter(({ rulesetIds }) => rulesetIds.includes(id));
    return this.rulesets.map((ruleset) => ({ ...ruleset, machineIds: users(ruleset.id).map((machine) => machine.id) }));
  }

  #find(name: Name, id: string): Kept {
    const kept = this.#kept.get(id);
    if (kept === undefined) throw this.#refusal(name, 404, "global/object-does-not-exist");
    return kept;
  }

  #refusal(call: Name, status: number, code: string): Error {
    const body = JSON.stringify({ error: { code, message: "no" } });
    return explainRefusal({ call, status, body, keySource: "LAMBDA_API_KEY" });
  }

  #nextId(): string {
    this.#made += 1;
    return String(this.#made).padStart(32, "0");
  }
}

const REASONS: Readonly<Record<string, string>> = {
  booting: "vm-has-not-launched",
  terminating: "vm-is-terminating",
  terminated: "vm-is-terminating",
};
