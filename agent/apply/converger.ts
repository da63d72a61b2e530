// The round that keeps the machine as planned: facts → plan → converge → what kubelet should run with.

import type { ClusterFacts } from "../aws/cluster.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import { runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { sha256 } from "../digest.ts";
import { SatelliteError } from "../errors.ts";
import { readRuntimeConditions } from "../facts/cri.ts";
import { createFactReaders, type FactReaders, type NodeFacts, readNodeFacts } from "../facts/node-facts.ts";
import { checkForeignKubelet, checkPort, checkSwap, checkVersionSkew } from "../facts/preflight.ts";
import { SteadyFacts } from "../facts/steady-facts.ts";
import type { TunnelFacts } from "../facts/tunnel/tunnel-facts.ts";
import type { VersionReader } from "../facts/versions.ts";
import type { Host } from "../host/host.ts";
import type { KubeletSpec } from "../kubelet/kubelet.ts";
import { retireForeignCertificates } from "../kubelet/serving-certificates.ts";
import type { Log } from "../log.ts";
import { Queue } from "../loop/queue.ts";
import { optional } from "../optional.ts";
import { kubeletDigest } from "../plan/kubelet-digest.ts";
import type { NodePlan } from "../plan/node-plan.ts";
import { mayHoldSecrets, type Resource, resourceId, restarts } from "../plan/resource.ts";
import type { PlannedTunnel } from "../plan/tunnel/resources.ts";
import { ChangeCounters, type ResourceChanges } from "./change-counters.ts";
import { type ConvergeOptions, converge, listRestarts, type Round, summarizeFailures } from "./converge.ts";
import { convergerMetrics, convergerStatus } from "./converger-report.ts";
import { EditWar } from "./edit-war.ts";
import type { KeptFiles } from "./kept-files.ts";
import { KeptPlan } from "./kept-plan.ts";
import { Ledger } from "./ledger.ts";
import { Pruner } from "./prune.ts";
import { Glance } from "./tunnel/glance.ts";

export interface ConvergerOptions {
  readonly host: Host;
  readonly config: Config;
  readonly log: Log;
  readonly board: ConditionBoard;
  readonly versions: VersionReader;
  readonly cluster: () => ClusterFacts | undefined;
  /** What is known of the node's tunnel; left out where it has none. */
  readonly tunnel?: () => Promise<TunnelFacts | undefined>;
  /** The daemon's own files, which are compared with each round. */
  readonly kept: KeptFiles;
  readonly emit: (event: ConvergerEvent) => void;
  /** Ends a round: nothing more is changed. */
  readonly signal?: AbortSignal;
}

export type ConvergerEvent =
  /** Another process had changed this resource, and the change is undone. */
  | { readonly kind: "resource-repaired"; readonly resource: string }
  /** A service reads its configuration anew. */
  | { readonly kind: "service-restarted"; readonly unit: string; readonly why: string }
  /** A round has ended, with a tunnel planned or not; `failure` is why it is not as it should be. */
  | { readonly kind: "tunnel-converged"; readonly isPlanned: boolean; readonly failure: unknown }
  /** What kubelet should run with, after each round in which its files are as planned. */
  | { readonly kind: "kubelet-wanted"; readonly spec: KubeletSpec };

/** Compares, changes, and remembers the last round. */
export class Converger {
  readonly #options: ConvergerOptions;
  readonly #converge: ConvergeOptions;
  #last: { readonly facts: NodeFacts; readonly plan: NodePlan } | undefined;
  #rounds = 0;
  readonly #outcomes = { unchanged: 0, changed: 0, failed: 0 };
  readonly #work = new ChangeCounters();
  readonly #editWar: EditWar;
  readonly #steady: SteadyFacts;
  readonly #queue = new Queue();
  readonly #readers: FactReaders;
  readonly #pruner: Pruner;
  readonly #plan: KeptPlan;
  #lastRoundMs = 0;

  constructor(options: ConvergerOptions) {
    const { host, config, log, board } = options;
    const state = statePaths(config.stateFolder);
    [this.#options, this.#plan] = [options, new KeptPlan(config)];
    [this.#editWar, this.#steady] = [new EditWar(host.clock), new SteadyFacts(host.clock)];
    this.#readers = createFactReaders(host);
    const ledger = new Ledger(host, state.ledger, log);
    this.#pruner = new Pruner(host, ledger, log);
    const glance = new Glance(host, board);
    const shared = { host, log, ledger, glance, servicesFile: state.services };
    this.#converge = { ...shared, ...optional({ signal: options.signal }) };
  }

  /** Facts of the last round. */
  get facts(): NodeFacts | undefined {
    return this.#last?.facts;
  }

  /** The tunnel of the last plan: what it is to lead to, and the interfaces that are made of it. */
  get tunnel(): PlannedTunnel | undefined {
    const { tunnel: wanted, resources = [] } = this.#last?.plan ?? {};
    const links = resources.filter((resource) => resource.kind === "tunnel");
    return wanted === undefined || links.length === 0 ? undefined : { wanted, links };
  }

  /** Rounds, changes made, repairs among them, and the duration of the last round in milliseconds. */
  get figures() {
    const { changes, repairs } = this.#work;
    return { rounds: this.#rounds, outcomes: { ...this.#outcomes }, changes, repairs, lastRoundMs: this.#lastRoundMs };
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
      sha256: mayHoldSecrets(file) ? undefined : sha256(file.content),
      work: this.#work.list().get(resourceId(file)),
    }));
  }

  status() {
    return convergerStatus(this);
  }

  metrics() {
    return convergerMetrics(this);
  }

  /** One round; ConfigInSync says how it went. Rounds and preparations of kubelet follow each other: both write kubelet's files. */
  round(): Promise<void> {
    return this.#queue.run(() => this.#round());
  }

  async #round(): Promise<void> {
    const { host, config, versions, cluster, board, emit } = this.#options;
    const startedAt = performance.now();
    const unkept = await this.#repairKept();
    const read = await readNodeFacts(host, config, versions, cluster(), this.#readers);
    const facts = { ...this.#steady.steady(read), tunnel: await this.#options.tunnel?.() };
    const plan = this.#plan.plan(facts);
    const { resources, problem: contested } = this.#editWar.withhold(plan.resources, facts.containerd);
    const round = await converge(resources, this.#converge);
    const leftover = await this.#pruner.round(plan).catch((error: unknown) => error);
    this.#last = { facts, plan };
    this.#rounds += 1;
    const { changes, failures } = round;
    this.#outcomes[failures.length > 0 ? "failed" : changes.length > 0 ? "changed" : "unchanged"] += 1;
    this.#record(resources, round);
    this.#lastRoundMs = performance.now() - startedAt;
    const problem = summarizeFailures([
      ...[...unkept, ...facts.gaps, ...plan.problems],
      ...(contested === undefined ? [] : [contested]),
      ...(leftover === undefined ? [] : [leftover]),
      ...round.failures.filter(({ resource }) => !isOfTunnel(resource)).map(({ error }) => error),
    ]);
    emit({ kind: "tunnel-converged", ...describeTunnel(plan, round) });
    if (problem !== undefined) board.setFailed("ConfigInSync", problem);
    else board.setTrue("ConfigInSync", "InSync", `${plan.resources.length} files and settings are as planned`);
    if (plan.kubelet !== undefined && !hasFailedKubeletFile(round)) {
      emit({ kind: "kubelet-wanted", spec: { command: plan.kubelet, digest: kubeletDigest(plan) } });
    }
  }

  #record(resources: readonly Resource[], round: Round): void {
    const { host, emit } = this.#options;
    const nowMs = host.clock.now();
    for (const resource of this.#work.record(resources, round, nowMs)) emit({ kind: "resource-repaired", resource });
    for (const restarted of listRestarts(round)) emit({ kind: "service-restarted", ...restarted });
    this.#editWar.note(round.changes);
  }

  /**
   * Checks what must be true when kubelet starts, and repairs its files once more, since it reads them only now.
   * Returns what kubelet is to be started with. @throws whatever is in the way
   */
  prepareKubelet(): Promise<KubeletSpec> {
    return this.#queue.run(() => this.#prepareKubelet());
  }

  /** Puts the daemon's own files back, and returns what kept it from that. */
  async #repairKept(): Promise<readonly unknown[]> {
    const { host, kept, board, emit } = this.#options;
    const { repaired, failures, unreadable } = await kept.round();
    if (unreadable === undefined) board.setTrue("StateReadable", "Readable", "the daemon's own records can be read");
    else board.setFailed("StateReadable", unreadable);
    const ids = repaired.map((path) => `file:${path}`);
    this.#work.recordRepairs(ids, host.clock.now());
    for (const resource of ids) emit({ kind: "resource-repaired", resource });
    return failures;
  }

  async #prepareKubelet(): Promise<KubeletSpec> {
    const { host, config, log } = this.#options;
    await this.#repairKept(); // The round reports what fails, and so does the token's check below.
    const { facts, plan } = this.#last ?? {};
    if (facts === undefined || plan?.kubelet === undefined)
      throw new SatelliteError("not-planned", "no round has planned a kubelet yet");
    checkSwap(config, facts.machine.swapBytes);
    if (facts.kubeletVersion !== undefined && facts.cluster !== undefined)
      checkVersionSkew(facts.kubeletVersion, facts.cluster.version);
    // Side by side, since kubelet waits for them; the first in this order that fails is reported.
    const checks = await Promise.allSettled([
      readRuntimeConditions(host, config.containerd.socket),
      this.#checkToken(),
      checkForeignKubelet(host),
      checkPort(host, log),
      this.#repairKubeletFiles(plan),
    ]);
    for (const check of checks) if (check.status === "rejected") throw check.reason;
    // kubectl logs fails with a certificate that stays; without kubelet everything does.
    const { caPem } = facts.cluster ?? {};
    if (caPem !== undefined)
      await retireForeignCertificates(host, config.stateFolder, caPem, log).catch((err) => log.error({ err }));
    return { command: plan.kubelet, digest: kubeletDigest(plan) };
  }

  async #checkToken(): Promise<void> {
    const { host, config } = this.#options;
    if ((await host.files.status(runPaths(config.runFolder).kubeletToken)) !== undefined) return;
    throw new SatelliteError("token-missing", "there is no token for kubelet yet", {
      hint: "CredentialsRenewed says what the keys lack.",
    });
  }

  async #repairKubeletFiles({ resources }: NodePlan): Promise<void> {
    const files = resources.filter((resource) => restarts("supervisor", resource));
    const round = await converge(files, this.#converge);
    this.#record(files, round);
    const problem = summarizeFailures(round.failures.map(({ error }) => error));
    if (problem !== undefined) throw problem;
  }
}

function describeTunnel({ tunnel, tunnelProblem }: NodePlan, { failures }: Round) {
  const errors = failures.filter(({ resource }) => isOfTunnel(resource)).map(({ error }) => error);
  const failure = tunnelProblem ?? summarizeFailures(errors);
  return { isPlanned: tunnel !== undefined, failure };
}

/** TunnelConfigured says what is wrong with these, and ConfigInSync is about everything else. */
function isOfTunnel({ kind }: Resource): boolean {
  return kind === "tunnel" || kind === "firewall";
}

function hasFailedKubeletFile({ failures }: Round): boolean {
  return failures.some(({ resource }) => restarts("supervisor", resource));
}
