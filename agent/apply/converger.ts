// The round that keeps the machine as planned: facts → plan → converge → kubelet told what to run with.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import { runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import { readRuntimeConditions } from "../facts/cri.ts";
import { type NodeFacts, readNodeFacts } from "../facts/node-facts.ts";
import { checkForeignKubelet, checkPort, checkSwap, checkVersionSkew } from "../facts/preflight.ts";
import type { VersionReader } from "../facts/versions.ts";
import type { Host } from "../host/host.ts";
import type { KubeletSpec } from "../kubelet/kubelet.ts";
import { retireForeignCertificates } from "../kubelet/serving-certificates.ts";
import type { Log } from "../log.ts";
import { kubeletDigest } from "../plan/kubelet-digest.ts";
import { type NodePlan, planNode } from "../plan/node-plan.ts";
import { type Resource, resourceId } from "../plan/resource.ts";
import { ChangeCounters, type ResourceChanges } from "./change-counters.ts";
import { sha256 } from "./containerd-check.ts";
import { type ConvergeOptions, converge, type Round, summarizeFailures } from "./converge.ts";
import { convergerMetrics, convergerStatus } from "./converger-report.ts";
import { EditWar } from "./edit-war.ts";
import { Ledger } from "./ledger.ts";
import { findPrunings, prune } from "./prune.ts";

export interface ConvergerOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly versions: VersionReader;
  readonly cluster: () => ClusterFacts | undefined;
  readonly emit: (event: ConvergerEvent) => void;
}

export type ConvergerEvent =
  /** Another process had changed this resource, and the change is undone. */
  | { readonly kind: "resource-repaired"; readonly resource: string }
  /** What kubelet should run with, after each round in which its files are as planned. */
  | { readonly kind: "kubelet-wanted"; readonly spec: KubeletSpec };

/** Repeats the same comparison for ever, and remembers the last one. */
export class Converger {
  readonly #options: ConvergerOptions;
  readonly #converge: ConvergeOptions;
  #last: { readonly facts: NodeFacts; readonly plan: NodePlan } | undefined;
  #rounds = 0;
  readonly #outcomes = { unchanged: 0, changed: 0, failed: 0 };
  readonly #work = new ChangeCounters();
  readonly #editWar = new EditWar();
  readonly #ledger: Ledger;
  #hasPruned = false;
  #lastRoundMs = 0;

  constructor(options: ConvergerOptions) {
    const { host, config, log } = options;
    const state = statePaths(config.stateFolder);
    this.#options = options;
    this.#ledger = new Ledger(host, state.ledger, log);
    this.#converge = {
      host,
      log,
      runtimeSocket: config.containerd.socket,
      servicesFile: state.services,
      ledger: this.#ledger,
    };
  }

  /** Facts of the last round. */
  get facts(): NodeFacts | undefined {
    return this.#last?.facts;
  }

  /** Rounds, changes made, repairs among them, and the duration of the last round in milliseconds. */
  get figures() {
    const { changes, repairs } = this.#work;
    return {
      rounds: this.#rounds,
      outcomes: { ...this.#outcomes },
      changes,
      repairs,
      lastRoundMs: this.#lastRoundMs,
    };
  }

  /** What was changed since the start, by resource. */
  get work(): ReadonlyMap<string, ResourceChanges> {
    return this.#work.list();
  }

  /** The files of the last plan. */
  get files() {
    const files = (this.#last?.plan.resources ?? []).filter((resource) => resource.kind === "file");
    return files.map((file) => ({
      path: file.path,
      mode: file.mode,
      sha256: sha256(file.content),
      work: this.#work.list().get(resourceId(file)),
    }));
  }

  status() {
    return convergerStatus(this);
  }

  metrics() {
    return convergerMetrics(this);
  }

  /** One round; ConfigInSync says how it went. */
  async round(): Promise<void> {
    const { host, config, versions, cluster, board, emit } = this.#options;
    const startedAt = performance.now();
    const facts = keepGpu(await readNodeFacts(host, config, versions, cluster()), this.#last?.facts);
    const plan = planNode(config, facts);
    const { resources, problem: contested } = this.#editWar.withhold(
      plan.resources,
      facts.containerd,
      host.clock.now(),
    );
    const round = await converge(resources, this.#converge);
    const leftover = await this.#prune(plan).catch((error: unknown) => error);
    this.#last = { facts, plan };
    this.#rounds += 1;
    const { changes, failures } = round;
    this.#outcomes[failures.length > 0 ? "failed" : changes.length > 0 ? "changed" : "unchanged"] += 1;
    this.#record(resources, round);
    this.#lastRoundMs = performance.now() - startedAt;
    const problem = summarizeFailures([
      ...facts.gaps,
      ...plan.problems,
      ...(contested === undefined ? [] : [contested]),
      ...(leftover === undefined ? [] : [leftover]),
      ...round.failures.map(({ error }) => error),
    ]);
    if (problem !== undefined) board.setFailed("ConfigInSync", problem);
    else board.setTrue("ConfigInSync", "InSync", `${plan.resources.length} files and settings are as planned`);
    if (plan.kubelet !== undefined && !hasFailedKubeletFile(round)) {
      emit({ kind: "kubelet-wanted", spec: { command: plan.kubelet, digest: kubeletDigest(plan) } });
    }
  }

  /** Once is enough: another configuration is another run of the agent. */
  async #prune({ resources }: NodePlan): Promise<void> {
    if (this.#hasPruned) return;
    const { host, log } = this.#options;
    for (const pruning of await findPrunings(host, this.#ledger, resources)) {
      await prune(host, pruning);
      await this.#ledger.forget(pruning.id);
      log.info({ resource: pruning.id }, "taken back: the configuration does not ask for it any more");
    }
    this.#hasPruned = true;
  }

  #record(resources: readonly Resource[], round: Round): void {
    const { host, emit } = this.#options;
    const nowMs = host.clock.now();
    for (const resource of this.#work.record(resources, round, nowMs)) emit({ kind: "resource-repaired", resource });
    this.#editWar.note(round.changes, nowMs);
  }

  /** What must be true when kubelet starts; its files are put right once more, since it reads them only now. @throws whatever stands in the way */
  async prepareKubelet(): Promise<void> {
    const { host, config, log } = this.#options;
    const { facts, plan } = this.#last ?? {};
    if (facts === undefined || plan === undefined)
      throw new SatelliteError("not-planned", "the first round has not ended yet");
    checkSwap(config, facts.machine.swapBytes);
    if (facts.kubeletVersion !== undefined && facts.cluster !== undefined)
      checkVersionSkew(facts.kubeletVersion, facts.cluster.version);
    // Side by side, since kubelet waits for them; what is told is the first in this order that fails.
    const checks = await Promise.allSettled([
      readRuntimeConditions(host, config.containerd.socket),
      this.#checkToken(),
      checkForeignKubelet(host),
      checkPort(host),
      this.#putKubeletFilesRight(plan),
    ]);
    for (const check of checks) if (check.status === "rejected") throw check.reason;
    if (facts.cluster === undefined) return;
    // kubectl logs fails with a certificate that stays; without kubelet everything does.
    const { caPem } = facts.cluster;
    await retireForeignCertificates(host, config.stateFolder, caPem, log).catch((err) => log.error({ err }));
  }

  async #checkToken(): Promise<void> {
    const { host, config } = this.#options;
    if ((await host.files.status(runPaths(config.runFolder).kubeletToken)) !== undefined) return;
    throw new SatelliteError("token-missing", "there is no token for kubelet yet", {
      hint: "CredentialsRenewed says what the keys lack.",
    });
  }

  async #putKubeletFilesRight({ resources }: NodePlan): Promise<void> {
    const files = resources.filter(isKubeletFile);
    const round = await converge(files, this.#converge);
    this.#record(files, round);
    const problem = summarizeFailures(round.failures.map(({ error }) => error));
    if (problem !== undefined) throw problem;
  }
}

/** A GPU that falls off the bus is a fault, told elsewhere: it must not change kubelet's flags, and so restart kubelet. */
function keepGpu(facts: NodeFacts, before: NodeFacts | undefined): NodeFacts {
  return before?.machine.hasGpu === true ? { ...facts, machine: { ...facts.machine, hasGpu: true } } : facts;
}

function isKubeletFile(resource: Resource): boolean {
  return resource.kind === "file" && resource.reader === "kubelet";
}

function hasFailedKubeletFile({ failures }: Round): boolean {
  return failures.some(({ resource }) => isKubeletFile(resource));
}
