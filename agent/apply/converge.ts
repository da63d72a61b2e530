// One round: compare the plan with the machine, change what differs, remember what was there. One failure does not stop the rest.
import { SatelliteError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { Log } from "../log.ts";
import { optional } from "../optional.ts";
import { type Resource, resourceId } from "../plan/resource.ts";
import type { Change, Executor, RoundContext } from "./executor.ts";
import { fileExecutor } from "./file.ts";
import { kernelModuleExecutor, sysctlExecutor } from "./kernel.ts";
import type { Ledger } from "./ledger.ts";
import { serviceExecutor } from "./service.ts";
import { addressExecutor } from "./tunnel/address.ts";
import { firewallExecutor } from "./tunnel/firewall-executor.ts";
import type { Glance } from "./tunnel/glance.ts";
import { tunnelExecutor } from "./tunnel/tunnel-executor.ts";

/** One executor for each kind: a kind without one does not compile. */
const EXECUTORS: { readonly [K in Resource["kind"]]: Executor<Extract<Resource, { kind: K }>> } = {
  file: fileExecutor,
  sysctl: sysctlExecutor,
  "kernel-module": kernelModuleExecutor,
  service: serviceExecutor,
  address: addressExecutor,
  tunnel: tunnelExecutor,
  firewall: firewallExecutor,
};

export interface Failure {
  readonly resource: Resource;
  readonly error: unknown;
}

export interface Round {
  /** Applied, or, in a dry run, to be applied. */
  readonly changes: readonly Change[];
  readonly failures: readonly Failure[];
}

export interface ConvergeOptions {
  readonly host: Host;
  readonly log: Log;
  readonly servicesFile: string;
  /** Without one the round is a dry run: nothing is changed. */
  readonly ledger: Ledger | undefined;
  /** Spares the tunnel's programs; left out, they are asked each time. */
  readonly glance?: Glance;
  /** Ends the round: nothing more is changed. */
  readonly signal?: AbortSignal;
}

/** Makes the machine what the plan says: modules first, since they bring settings; services last, since they read what was written. */
export async function converge(resources: readonly Resource[], options: ConvergeOptions): Promise<Round> {
  const { ledger, ...shared } = options;
  const changes: Change[] = [];
  const failures: Failure[] = [];
  const originalOf = async (id: string) => (await ledger?.find(id))?.original;
  const context = { ...shared, resources, isDryRun: ledger === undefined, earlier: changes, originalOf };
  const modules = resources.filter(({ kind }) => kind === "kernel-module");
  const services = resources.filter(({ kind }) => kind === "service");
  const others = resources.filter((resource) => !modules.includes(resource) && !services.includes(resource));

  const attempt = async (resource: Resource, work: () => Promise<void>) => {
    await work().catch((error: unknown) => void failures.push({ resource, error }));
  };
  const differences = new Map<Resource, Change>();
  const compare = (resource: Resource) =>
    attempt(resource, async () => {
      const change = await executorOf(resource).diff(context, resource);
      if (change !== undefined) differences.set(resource, change);
      else if (resource.kind === "file") await ledger?.adopt(resourceId(resource), resource.content);
    });
  const apply = (resource: Resource) =>
    attempt(resource, async () => {
      const change = differences.get(resource);
      if (change === undefined || options.signal?.aborted === true) return;
      if (ledger !== undefined) await applyChange(context, ledger, change);
      changes.push(change);
    });

  await Promise.all(modules.map(compare));
  for (const module of modules) await apply(module);
  await Promise.all(others.map(compare));
  for (const resource of others) await apply(resource);
  for (const service of services) {
    if (hasFailedFile(failures, service) || options.signal?.aborted === true) continue;
    await compare(service);
    await apply(service);
  }
  return { changes, failures };
}

async function applyChange(context: RoundContext, ledger: Ledger, change: Change): Promise<void> {
  const { resource, action } = change;
  const executor = executorOf(resource);
  const original = await executor.readOriginal(context, resource);
  const id = resourceId(resource);
  const content = resource.kind === "file" ? resource.content : undefined;
  if (original !== undefined) await ledger.record(id, original, content);
  await executor.apply(context, resource, change);
  context.log.info({ resource: id, action, why: resource.why }, "changed");
}

/** The services that a round has restarted, and why. */
export function listRestarts({ changes }: Round): readonly { readonly unit: string; readonly why: string }[] {
  return changes.flatMap(({ resource, action }) =>
    resource.kind === "service" && action === "restart" ? [{ unit: resource.unit, why: resource.why }] : [],
  );
}

/** A service whose configuration could not be written keeps running on the one that it has. */
function hasFailedFile(failures: readonly Failure[], service: Resource): boolean {
  return failures.some(
    ({ resource }) => resource.kind === "file" && service.kind === "service" && resource.path === service.configFile,
  );
}

/** The table is complete and its keys are the kinds: the compiler only cannot follow one kind through it. */
function executorOf(resource: Resource): Executor<Resource> {
  return EXECUTORS[resource.kind] as unknown as Executor<Resource>;
}

/** The failures of a round as one error: the first one's code and hint, the message of each. */
export function summarizeFailures(failures: readonly unknown[]): SatelliteError | undefined {
  const [first] = failures;
  if (first === undefined) return undefined;
  if (failures.length === 1 && first instanceof SatelliteError) return first;
  const known = failures.find((error) => error instanceof SatelliteError);
  const messages = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  return new SatelliteError(known?.code ?? "unexpected", messages.join("; "), {
    ...optional({ hint: known?.hint }),
    cause: first,
  });
}
