// A systemd service that must run, on the configuration that it reads at its start. It is restarted when the running process has
// read another content, and only then: a hand edit that is repaired before any restart costs none.
import { sha256 } from "../digest.ts";
import { assertNever, describe, SatelliteError } from "../errors.ts";
import { isAlive, type ProcessIdentity, readProcess, readStartMs } from "../facts/process.ts";
import { optional } from "../optional.ts";
import type { FileResource, ServiceResource } from "../plan/resource.ts";
import { configCheckOf } from "./config-check.ts";
import type { Change, Executor, RoundContext } from "./executor.ts";
import { readLastWords } from "./last-words.ts";
import { probeReadiness } from "./readiness.ts";
import { readServiceRecord, writeServiceRecord } from "./service-record.ts";

const RESTART_TIMEOUT_SECONDS = 90;
/** How long a service may take from its start to being ready; containerd recovers its running containers first. */
const READY_TIMEOUT_SECONDS = 30;
const READY_POLL_MS = 50;
/** The kernel gives the time of its boot in whole seconds, rounded down, and a process's start from there. */
const START_ERROR_MS = 1000;

/** A configuration that is gone meanwhile may have held secrets. */
const NEW_FILE = { mode: 0o600, uid: 0, gid: 0 };

/** Keeps a service running on the configuration of the plan. */
export const serviceExecutor: Executor<ServiceResource> = {
  async diff(context, resource) {
    const content = plannedFile(context, resource)?.content;
    const configSha256 = sha256(content ?? "");
    const record = await readServiceRecord(context, resource.unit);
    if (record?.configSha256 === configSha256 && (await isAlive(context.host, record))) return undefined;

    const running = await findMainProcess(context, resource.unit);
    if (running === undefined) return { resource, action: "start", before: "not running", after: "running" };
    if (await hasRead(context, resource, running)) {
      if (!context.isDryRun) await recordRunning(context, resource.unit, content);
      return undefined;
    }
    return {
      resource,
      action: "restart",
      before: `pid ${running.pid}, started with another configuration`,
      after: "restarted",
    };
  },

  readOriginal: async () => undefined,

  async apply(context, resource, change) {
    const content = plannedFile(context, resource)?.content;
    try {
      await startAndWait(context, resource, change.action === "start" ? "start" : "restart");
    } catch (error) {
      if (context.signal?.aborted === true) throw error; // Broken off: nothing is known of the new configuration yet.
      await rollBack(context, resource, error);
      throw error;
    }
    await recordRunning(context, resource.unit, content);
  },
};

/** The file that the service reads; undefined for a service that reads none of the plan's. */
function plannedFile({ resources }: RoundContext, { unit, configFile }: ServiceResource): FileResource | undefined {
  if (configFile === undefined) return undefined;
  const file = resources.find((resource) => resource.kind === "file" && resource.path === configFile);
  if (file?.kind !== "file")
    throw new SatelliteError("unexpected", `the plan has ${unit} without its file ${configFile}`);
  return file;
}

/** Whether a running process started after its configuration file got its current content. */
async function hasRead(
  { host, earlier }: RoundContext,
  { configFile }: ServiceResource,
  running: ProcessIdentity,
): Promise<boolean> {
  if (configFile === undefined) return true;
  const isChanged = earlier.some(
    ({ resource, action }) => resource.kind === "file" && resource.path === configFile && action !== "set-mode",
  );
  const file = await host.files.status(configFile);
  return !isChanged && file !== undefined && (await readStartMs(host, running)) + START_ERROR_MS > file.modifiedMs;
}

async function findMainProcess({ host }: RoundContext, unit: string): Promise<ProcessIdentity | undefined> {
  const { stdout } = await host.run("systemctl", ["show", unit, "--property=MainPID", "--value"]);
  const pid = Number(stdout.trim());
  return pid > 0 ? readProcess(host, pid) : undefined;
}

async function startAndWait(
  context: RoundContext,
  resource: ServiceResource,
  verb: "start" | "restart",
): Promise<void> {
  const { unit } = resource;
  const { host, log } = context;
  const startedAtMs = host.clock.monotonic();
  const { exitCode, stderr } = await host.run("systemctl", [verb, unit], { timeoutSeconds: RESTART_TIMEOUT_SECONDS });
  if (exitCode !== 0) {
    throw new SatelliteError(
      "service-failed",
      `systemctl ${verb} ${unit} exited with ${exitCode}: ${stderr.trim()}; ${await readLastWords(host, unit, startedAtMs)}`,
      {
        hint: `systemctl status ${unit}; journalctl -u ${unit} -n 50.`,
      },
    );
  }
  const deadlineMs = host.clock.monotonic() + READY_TIMEOUT_SECONDS * 1000;
  for (;;) {
    try {
      await probeReadiness(host, resource);
      log.info({ unit, seconds: (host.clock.monotonic() - startedAtMs) / 1000 }, `${unit} was ${verb}ed and answers`);
      return;
    } catch (cause) {
      if (host.clock.monotonic() > deadlineMs) {
        throw new SatelliteError(
          "service-failed",
          `${unit} does not answer ${READY_TIMEOUT_SECONDS} s after its ${verb}: ${describe(cause).message}; ${await readLastWords(host, unit, startedAtMs)}`,
          {
            hint: `journalctl -u ${unit} -n 50.`,
            cause,
          },
        );
      }
      await host.clock.sleep(READY_POLL_MS, context.signal);
    }
  }
}

/** Restores the file that this round replaced, if it did, and starts the service on it. */
async function rollBack(context: RoundContext, resource: ServiceResource, error: unknown): Promise<void> {
  const replaced = context.earlier.find(
    (change) => change.resource.kind === "file" && change.resource.path === resource.configFile,
  );
  if (replaced === undefined) return;
  const { unit, configFile } = resource;
  const file = plannedFile(context, resource);
  if (configFile === undefined || file === undefined) return;
  const reason = describe(error).message;
  context.log.error(
    { err: error, unit, file: configFile },
    "the service did not come up on its new configuration; the earlier one is restored",
  );
  await restore(context, configFile, replaced);
  await startAndWait(context, resource, "restart");
  const content = (await context.host.files.read(configFile)) ?? "";
  await recordRunning(context, unit, content, { configSha256: sha256(file.content), reason });
  throw configCheckOf(file)?.refusalError(reason) ?? error;
}

/** The file that was replaced has the owner and the mode of the one before it, if it was another's. */
async function restore({ host }: RoundContext, path: string, { action, before }: Change): Promise<void> {
  switch (action) {
    case "create":
      return host.files.remove(path);
    case "update": {
      const { mode, uid, gid } = (await host.files.status(path)) ?? NEW_FILE;
      return host.files.write(path, before ?? "", { mode, uid, gid });
    }
    case "set-mode":
    case "set":
    case "load":
    case "start":
    case "restart":
      return;
    default:
      return assertNever(action);
  }
}

async function recordRunning(
  context: RoundContext,
  unit: string,
  content: string | undefined,
  refused?: { configSha256: string; reason: string },
): Promise<void> {
  const running = await findMainProcess(context, unit);
  if (running === undefined) return;
  await writeServiceRecord(context, unit, {
    ...running,
    configSha256: sha256(content ?? ""),
    ...optional({ refused }),
  });
}
