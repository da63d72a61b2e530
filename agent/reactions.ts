// What follows from each thing that can happen: one entry an event. The compiler asks for all of them.
import { PATHS } from "./config/paths.ts";
import type { Loops } from "./loops.ts";
import type { AgentEvent, Parts } from "./parts.ts";

/** A pending condition is checked again after this long: shorter than any condition holds. */
const CHECK_AGAIN_MS = 5000;
/** What follows from a join is over by then: the serving certificate is signed, Services and GPUs are known. */
const CHECK_MACHINE_MS = 30_000;

export interface Daemon extends Parts {
  readonly loops: Loops;
  /** Ends this run: another configuration wants another one. */
  readonly onConfigChange: () => void;
}

type Reactions = {
  readonly [K in AgentEvent["kind"]]: (daemon: Daemon, event: Extract<AgentEvent, { kind: K }>) => unknown;
};

export const REACTIONS: Reactions = {
  "condition-changed": ({ events, history, pathMtu, reporter, loops }, { condition, isRootCause }) => {
    const { status, reason, type, message } = condition;
    history.noteCondition(condition, isRootCause);
    events.record(isRootCause ? "Warning" : "Normal", status === "True" ? type : reason, message);
    reporter.noteChange(condition, isRootCause);
    if (type === "TunnelUp" && status === "True") pathMtu.probeSoon();
    // Whether a gateway knows the key is in an entry that may be older than its silence.
    if (type === "TunnelUp" && status !== "True") void loops.entry.trigger();
    return isRootCause || type === "NodeReady" ? loops.report.trigger() : undefined;
  },
  // Its cause may be one that no loop has found yet; and what has mended itself must be seen before the condition turns.
  "condition-pending": ({ loops }, { type }) => {
    void loops.health.trigger();
    if (type === "RuntimeReady") void loops.converge.trigger();
    if (type === "IdentityAccepted" || type === "CredentialsRenewed") void loops.clock.trigger();
    // What a firewall's reload has taken away is there again before the condition turns.
    if (type === "PodNetworkReady") void loops.converge.trigger().then(() => loops.podNetwork.trigger());
    // A gateway that is silent may have been replaced, or its name may have another address.
    if (type === "TunnelUp") void loops.entry.trigger();
    if (type === "ServicesWorking" || type === "ClusterDnsWorking") loops.services.triggerAfter(CHECK_AGAIN_MS);
    loops.health.triggerAfter(CHECK_AGAIN_MS);
  },
  notice: ({ events, history, reporter }, { type, reason, message }) => {
    events.record(type, reason, message);
    history.note({ kind: "event", name: reason, message });
    reporter.note(type, reason, message);
  },
  "first-round-ended": ({ systemd, loops }) =>
    Promise.all([systemd.ready("joining the cluster"), loops.supplies.trigger()]),
  "config-changed": ({ onConfigChange }) => onConfigChange(),
  // New keys, or a first answer that is still missing, are worth a call outside its schedule; one that is slow is not repeated.
  "credentials-round-ended": ({ clusterRetry, clockRetry, loops, tunnel }) => {
    if (tunnel.isWaiting()) void loops.entry.trigger();
    if (!loops.cluster.isRunning && clusterRetry.isDue()) void loops.cluster.trigger();
    if (clockRetry.isDue()) void loops.clock.trigger();
  },
  // The schedule would find out in ten minutes; until then AWS refuses what is signed, and nothing says why.
  "clock-set": ({ log, history, loops }, { seconds }) => {
    const message = `the machine's clock was set ${seconds > 0 ? "forward" : "back"} by ${Math.abs(seconds)} s`;
    log.warn({ seconds }, message);
    history.note({ kind: "clock", name: "clock", message });
    return loops.clock.trigger();
  },
  "cluster-changed": ({ loops, tunnel }) => {
    if (tunnel.isWaiting()) void loops.entry.trigger();
    return loops.converge.trigger();
  },
  "tunnel-changed": ({ loops }) => loops.converge.trigger(),
  "remote-networks-doubted": ({ loops }) => loops.cluster.trigger(),
  "carrier-changed": ({ loops, tunnelWatch }, { isMoved }) => {
    tunnelWatch.askSoon();
    return isMoved ? Promise.all([loops.tunnel.trigger(), loops.converge.trigger()]) : loops.tunnel.trigger();
  },
  "tunnel-converged": ({ tunnel, tunnelWatch, carrierWatch, loops }, event) => {
    tunnel.judge(event);
    tunnelWatch.judge();
    // A loop that is not needed stands still until it is asked.
    if (carrierWatch.isNeeded()) void loops.carrier.trigger();
  },
  "programs-changed": ({ loops }) => loops.converge.trigger(),
  "resource-repaired": ({ log, emit }, { resource }) => {
    const message = `${resource} was changed by another process and is repaired`;
    log.warn({ resource }, message);
    emit({ kind: "notice", type: "Warning", reason: "Repaired", message });
  },
  "gpu-runtime-changed": ({ events, history }, { message }) => {
    events.record("Normal", "GpuRuntimeChanged", message);
    history.note({ kind: "event", name: "GpuRuntimeChanged", message });
  },
  "service-restarted": ({ history }, { unit, why }) =>
    history.note({ kind: "service", name: unit, message: `restarted: ${why}` }),
  "kubelet-ended": ({ history }, { reason, message }) => history.note({ kind: "kubelet", name: reason, message }),
  "kubelet-wanted": ({ kubelet }, { spec }) => kubelet.want(spec),
  "kubelet-unauthorized": ({ session, nodeWatch }) => {
    nodeWatch.lookAgain();
    return session.replaceToken();
  },
  "kubelet-cut-off": ({ nodeWatch }) => nodeWatch.lookAgain(),
  "token-refused": ({ session }) => session.replaceToken(),
  "node-seen": ({ fitness, gpu, keyRotation, nodeRecorder, pathMtu, reporter, tunnel }, { node }) => {
    fitness.see(node);
    pathMtu.see(node);
    keyRotation.see(node);
    gpu.see(node);
    reporter.see(node);
    return Promise.all([nodeRecorder.see(node), tunnel.see(node)]);
  },
  "tunnel-planned": ({ loops }) => {
    for (const loop of [loops.rotation, loops.mtu]) void loop.trigger();
    return loops.tunnel.trigger();
  },
  "gateway-key-announced": ({ gatewayFollower }, { from, change }) => gatewayFollower.announce(from, change),
  // The plan has the new key then, and the Node is to say it.
  "tunnel-key-changed": ({ loops }) => loops.converge.trigger().then(() => loops.entry.trigger()),
  "node-ready": ({ host, loops }) => {
    // Nodes of one fleet do not all ask AWS in the same second.
    loops.fitness.triggerAfter(CHECK_MACHINE_MS * (1 + host.random()));
    return loops.health.trigger().then(() => loops.systemd.trigger());
  },
  // kubelet files its first request with the address that its Node had before it, and waits 15 min for that to be signed
  // (client-go's certificate manager). One that has a certificate asks anew by itself.
  "node-address-changed": async ({ host, log, kubelet }, { from, to }) => {
    if ((await host.files.read(PATHS.servingCertificate)) !== undefined) return;
    log.info({ from, to }, "the Node's address changed before kubelet's serving certificate was signed");
    kubelet.restart("node-address-changed");
  },
  "node-gone": ({ config, reporter, gpu, events, history, kubelet }) => {
    reporter.forget();
    gpu.forgetNode();
    const message = `Node ${config.node.name} is gone from the cluster; kubelet registers it again`;
    events.record("Warning", "NodeMissing", message);
    history.note({ kind: "event", name: "NodeMissing", message });
    kubelet.restart("node-gone");
  },
};

/** Calls the reaction of an event. */
export function react<K extends AgentEvent["kind"]>(daemon: Daemon, event: Extract<AgentEvent, { kind: K }>): unknown {
  const reaction: (daemon: Daemon, event: Extract<AgentEvent, { kind: K }>) => unknown = REACTIONS[event.kind as K];
  return reaction(daemon, event);
}
