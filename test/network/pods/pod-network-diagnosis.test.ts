import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../../agent/errors.ts";
import { diagnosePodNetwork, diagnoseUnplanned } from "../../../agent/network/pods/pod-network-diagnosis.ts";
import type { PodNetworkObservation } from "../../../agent/network/pods/pod-network-reader.ts";
import { sampleTunnelFacts } from "../../fakes/samples.ts";
import { CONFLIST, sampleObservation } from "./samples.ts";

const PLANNED = { kind: "planned", networks: ["10.250.16.0/28"], mtu: 1420 } as const;
const diagnose = (changes: Partial<PodNetworkObservation>) => diagnosePodNetwork(PLANNED, sampleObservation(changes));
const forward = { hasFilterJump: true, hasNatJump: true, dropsBefore: undefined };

test("a machine that has it all is ready, also where only files were read", () => {
  assert.deepEqual(diagnose({}), {
    status: "True",
    reason: "Ready",
    message: "pods get addresses of 10.250.16.0/28, with MTU 1420",
  });
  assert.equal(diagnose({ forward: undefined }).status, "True");
});

const FAULTS: Readonly<Record<string, readonly [Partial<PodNetworkObservation>, RegExp]>> = {
  CniPluginMissing: [{ missingPlugins: ["portmap", "ptp"] }, /portmap, ptp are not in \/opt\/cni\/bin/],
  CniConfigMissing: [{ config: undefined }, /10-eks-satellite\.conflist is not there/],
  CniConfigForeign: [{ config: "05-cilium.conflist" }, /05-cilium\.conflist, which comes before/],
  ForwardDropped: [
    { forward: { ...forward, hasFilterJump: false } },
    /FORWARD does not lead to the chain EKS-SATELLITE/,
  ],
  MasqueradeMissing: [{ forward: { ...forward, hasNatJump: false } }, /do not reach the internet/],
  PrefixFull: [{ used: 13 }, /all 13 addresses of 10\.250\.16\.0\/28/],
};

for (const [reason, [changes, message]] of Object.entries(FAULTS))
  test(`${reason} says what is missing, and what to do`, () => {
    const report = diagnose(changes);
    assert.deepEqual([report.status, report.reason], ["False", reason]);
    assert.match(report.message, message);
    assert.ok(report.hint !== undefined && report.hint.length > 20);
  });

test("forwarding that is off, and a rule before the chain, are a drop too", () => {
  assert.match(diagnose({ isForwarding: false }).message, /ip_forward is 0/);
  const { reason, message } = diagnose({ forward: { ...forward, dropsBefore: "-A FORWARD -j DROP" } });
  assert.equal(reason, "ForwardDropped");
  assert.match(message, /before the chain EKS-SATELLITE .*-A FORWARD -j DROP$/);
});

test("what hides the rest comes first: without plugins nothing else matters", () => {
  assert.equal(
    diagnose({ missingPlugins: ["ptp"], config: undefined, isForwarding: false, used: 13 }).reason,
    "CniPluginMissing",
  );
});

test("another cni is not used, and quiet; an entry that is not known yet is unknown", () => {
  const unused = diagnoseUnplanned({ kind: "unused", message: "pods use the host's network" }, undefined);
  assert.deepEqual([unused.status, unused.reason, unused.isQuiet], ["True", "NotUsed", true]);
  assert.deepEqual(diagnoseUnplanned({ kind: "unknown" }, undefined).reason, "NotAsked");
});

test("an entry without what it takes is a failure of this condition; a tunnel that may not be set is TunnelConfigured's", () => {
  const lacking = (code: string) =>
    ({ kind: "lacking", problem: new SatelliteError(code, "a test", { hint: "do" }) }) as const;
  const none = { kind: "none", reason: "NoEntry", message: "" } as const;
  const missing = diagnoseUnplanned(lacking("pod-tunnel-missing"), none);
  assert.deepEqual([missing.status, missing.reason, missing.hint], ["False", "PodTunnelMissing", "do"]);
  assert.equal(diagnoseUnplanned(lacking("pod-prefix-missing"), sampleTunnelFacts()).reason, "PodPrefixMissing");
  const conflict = diagnoseUnplanned(lacking("address-conflict"), sampleTunnelFacts());
  assert.deepEqual([conflict.status, conflict.reason], ["Unknown", "TunnelNotConfigured"]);
  const damaged = {
    kind: "damaged",
    problem: new SatelliteError("tunnel-key-invalid", "a test"),
    address: undefined,
  } as const;
  assert.equal(diagnoseUnplanned(lacking("pod-tunnel-missing"), damaged).status, "Unknown");
});

test("a conflist of the agent's own is the one that is expected", () => {
  assert.equal(diagnose({ config: CONFLIST }).status, "True");
});
