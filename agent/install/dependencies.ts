// Packages of the distribution: installs those that are missing and leaves the others alone. apt-get takes minutes and may wait for
// a lock, so it runs in the background, in a systemd unit of its own: dpkg must not die with the daemon.
import { Ledger } from "../apply/ledger.ts";
import type { ConditionBoard } from "../board/conditions.ts";
import { runPaths, statePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";
import type { Log } from "../log.ts";
import { Backoff } from "../loop/backoff.ts";
import { type AptPlan, explainApt, isInstalled, isUnknownPackage, parseSimulation } from "./apt.ts";
import type { InstallEvent } from "./install-event.ts";
import { type Dependency, dependenciesOf, findMissing, type TunnelNeeds } from "./packages.ts";

const APT_TIMEOUT_SECONDS = 900;
/** The only exit code with which apt-get fails, apt-get(8). */
const APT_FAILED = 100;
const FIRST_RETRY_MS = 15_000;
const MAX_RETRY_MS = 10 * 60_000;
/** A lock is tried again soon: the process that holds it is working. */
const LOCK_RETRY_MS = 10_000;
/** With lists newer than this, a package that is not found is missing from the repositories. */
const LISTS_AGE_MS = 60 * 60_000;

/** `--no-upgrade` covers the named packages; the simulation is checked for the others. */
const INSTALL = ["install", "--yes", "--no-install-recommends", "--no-remove", "--no-upgrade"];
/** Debian's containerd would replace Docker's package, and remove the engine of the running containers. */
const DEBIAN_RUNTIMES = ["containerd", "runc"];
const DOCKER_PACKAGE = "containerd.io";
/** No questions, and no restarts of services (needrestart, on Ubuntu 22.04 and later). */
const VARIABLES = ["DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l", "NEEDRESTART_SUSPEND=1", "LC_ALL=C"];
/** The unit's name admits one apt-get at a time, including one that an earlier daemon started. */
const APT_UNIT = "eks-satellite-apt";
/** Only their owner may upgrade these. A library may be upgraded for the package that needs it. */
const UNTOUCHABLE = /^(docker|containerd|runc|moby|nvidia|libnvidia|kube)/;

export interface DependenciesOptions {
  readonly host: Host;
  readonly config: Config;
  readonly board: ConditionBoard;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly emit: (event: InstallEvent) => void;
  /** Left out: there is no tunnel. */
  readonly tunnelNeeds?: () => Promise<TunnelNeeds>;
}

/** Keeps the packages installed, and reports DependenciesInstalled. */
export class Dependencies {
  readonly #options: DependenciesOptions;
  readonly #ledger: Ledger;
  readonly #retry: Backoff;
  #running: Promise<void> | undefined;
  #notBeforeMs = 0;
  #updatedAtMs = Number.NEGATIVE_INFINITY;
  #installed = 0;

  constructor(options: DependenciesOptions) {
    const { host, config, log } = options;
    this.#options = options;
    this.#ledger = new Ledger(host, statePaths(config.stateFolder).ledger, log);
    this.#retry = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: host.random });
  }

  /** Number of packages installed since the start. */
  get installed(): number {
    return this.#installed;
  }

  /** Checks once, and starts to install what is missing without waiting for it. @throws file-unreadable */
  async round(): Promise<void> {
    const { host, config, board } = this.#options;
    if (this.#running !== undefined) return;
    const needs = await this.#options.tunnelNeeds?.();
    const missing = await findMissing(host, config, needs);
    if (missing.length === 0) {
      board.setTrue(
        "DependenciesInstalled",
        "Installed",
        `${dependenciesOf(config, needs).length} programs of the distribution are installed`,
      );
      return;
    }
    if (config.dependencies.install === "never") {
      board.setFailed("DependenciesInstalled", missingError(missing));
      return;
    }
    if (host.clock.monotonic() < this.#notBeforeMs) return;
    this.#running = this.#install(missing)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when apt-get does not run for us. One that was broken off goes on by itself, in its unit. */
  async ended(): Promise<void> {
    await this.#running;
  }

  #fail(error: unknown): void {
    const { host, board } = this.#options;
    const isLocked = error instanceof SatelliteError && error.code === "apt-locked";
    this.#notBeforeMs =
      host.clock.monotonic() + (isLocked ? LOCK_RETRY_MS : Math.max(FIRST_RETRY_MS, this.#retry.next(0)));
    board.setFailed("DependenciesInstalled", error);
  }

  async #install(missing: readonly Dependency[]): Promise<void> {
    const { board, emit } = this.#options;
    const packages = missing.map((dependency) => dependency.package);
    await this.#checkDocker(packages);
    try {
      await this.#attempt(packages);
    } catch (error) {
      // Old lists name files that the mirror has replaced since: a machine image keeps the lists of the day it was built.
      if (!(error instanceof SatelliteError && error.code === "apt-lists-outdated" && (await this.#updateLists())))
        throw error;
      await this.#attempt(packages);
    }
    this.#retry.reset();
    board.setTrue("DependenciesInstalled", "Installed", `${packages.join(", ")} installed`);
    emit({ kind: "programs-changed" });
  }

  /** Installs the packages once. @throws apt-…, dpkg-interrupted, disk-full, packages-at-risk */
  async #attempt(packages: readonly string[]): Promise<void> {
    const { installed, upgraded } = await this.#simulate(packages);
    const besides = upgraded.length === 0 ? "" : `, for which ${upgraded.join(", ")} must be newer`;
    this.#options.board.set("DependenciesInstalled", {
      status: "Unknown",
      reason: "Installing",
      message: `apt-get installs ${packages.join(", ")}, and with them ${installed.length - packages.length} more${besides}`,
    });
    // Recorded before the installation, so that reset also removes what an interrupted installation leaves.
    for (const name of installed) await this.#ledger.record(packageId(name), { kind: "absent" });
    const answer = await this.#aptGet([...INSTALL, ...packages]);
    if (answer.exitCode !== 0) {
      // Any other exit code, such as after a signal to systemd-run, may leave apt-get running.
      if (answer.exitCode === APT_FAILED) await this.#disown(installed);
      throw explainApt(answer, `installing ${packages.join(", ")}`);
    }
    this.#installed += installed.length;
  }

  /** Forgets packages that were not installed: an administrator who installs them later owns them. */
  async #disown(names: readonly string[]): Promise<void> {
    for (const name of names)
      if (!(await isInstalled(this.#options.host, name))) await this.#ledger.forget(packageId(name));
  }

  /** Refuses to replace Docker's containerd. @throws docker-containerd-broken */
  async #checkDocker(packages: readonly string[]): Promise<void> {
    const lacking = packages.filter((name) => DEBIAN_RUNTIMES.includes(name));
    if (lacking.length === 0) return;
    const { stdout } = await this.#options.host.run("dpkg-query", ["--status", DOCKER_PACKAGE]);
    if (!/^Status: .* installed$/m.test(stdout)) return;
    throw new SatelliteError(
      "docker-containerd-broken",
      `${lacking.join(", ")} is missing, and Docker's package ${DOCKER_PACKAGE}, which contains it, is installed`,
      { hint: `apt-get install --reinstall ${DOCKER_PACKAGE}. Debian's package would remove Docker's.` },
    );
  }

  /** Simulates the installation; fetches the lists first when they lack the packages. @throws apt-…, packages-at-risk */
  async #simulate(packages: readonly string[]): Promise<AptPlan> {
    const simulate = () => this.#aptGet([...INSTALL, "--simulate", ...packages]);
    let answer = await simulate();
    if (isUnknownPackage(answer) && (await this.#updateLists())) answer = await simulate();
    if (answer.exitCode !== 0) throw explainApt(answer, `installing ${packages.join(", ")}`);
    const plan = parseSimulation(answer.stdout);
    const touched = [...plan.removed, ...plan.upgraded.filter((name) => UNTOUCHABLE.test(name))];
    if (touched.length === 0) return plan;
    throw new SatelliteError(
      "packages-at-risk",
      `installing ${packages.join(", ")} would remove or upgrade ${touched.join(", ")}; nothing was done`,
      { hint: `Install ${packages.join(", ")} by hand, or set dependencies.install: never.` },
    );
  }

  /** Fetches the lists of packages unless they are recent; returns whether it fetched them. @throws apt-… */
  async #updateLists(): Promise<boolean> {
    const { host, log } = this.#options;
    if (host.clock.monotonic() - this.#updatedAtMs <= LISTS_AGE_MS) return false;
    log.info("fetching apt's lists of packages");
    const update = await this.#aptGet(["update"]);
    if (update.exitCode !== 0) throw explainApt(update, "fetching the lists of packages");
    this.#updatedAtMs = host.clock.monotonic();
    return true;
  }

  async #aptGet(args: readonly string[]): Promise<RunResult> {
    const { host, config, environment } = this.#options;
    const { aptConfig } = runPaths(config.runFolder);
    // In a file, not in the arguments, which every user can read: a proxy may have a password.
    await host.files.write(aptConfig, renderAptConfig(environment), { mode: 0o600 });
    const variables = [...VARIABLES, `APT_CONFIG=${aptConfig}`].map((variable) => `--setenv=${variable}`);
    const unit = ["--quiet", "--collect", "--wait", "--pipe", `--unit=${APT_UNIT}`, "--service-type=exec"];
    return host.run("systemd-run", [...unit, ...variables, "apt-get", ...args], {
      timeoutSeconds: APT_TIMEOUT_SECONDS,
    });
  }
}

function packageId(name: string): string {
  return `package:${name}`;
}

/** Renders apt.conf(5): fail at once on a lock, and use the daemon's proxies unless apt's own configuration names others. */
export function renderAptConfig(environment: Readonly<Record<string, string | undefined>>): string {
  const variable = (name: string) => environment[name] ?? environment[name.toUpperCase()];
  const proxies = ["http", "https"].flatMap((scheme) => {
    const proxy = variable(`${scheme}_proxy`);
    if (proxy === undefined || proxy === "") return [];
    const direct = (variable("no_proxy") ?? "").split(",").map((host) => host.trim().replace(/^\./, ""));
    return [
      `Acquire::${scheme}::Proxy ${JSON.stringify(proxy)};`,
      ...direct.filter((host) => /^[\w.-]+$/.test(host)).map((host) => `Acquire::${scheme}::Proxy::${host} "DIRECT";`),
    ];
  });
  return `${["DPkg::Lock::Timeout 0;", ...proxies].join("\n")}\n`;
}

/** The error for missing packages that the configuration does not let the daemon install. */
export function missingError(missing: readonly Dependency[]): SatelliteError {
  const packages = missing.map((dependency) => dependency.package).join(" ");
  const words = missing.map(({ program, why }) => `${program} (${why})`).join(", ");
  return new SatelliteError("dependencies-missing", `missing: ${words}`, {
    hint: `apt-get install --no-install-recommends ${packages}, or dependencies.install: auto.`,
  });
}
