// install.sh against a mirror, on machines that have nothing yet and on those that have the older release.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { parse } from "yaml";
import { Machine, type Outcome, type RunOptions } from "./install-machine.ts";
import { Mirror, OLD } from "./install-mirror.ts";

export const ROLE = "arn:aws:iam::111122223333:role/eks-satellite-node";
export const CLUSTER = ["--cluster", "demo", "--region", "us-west-2"];

/** Set before the first test runs. */
export let mirror: Mirror;
before(async () => {
  mirror = await Mirror.start();
});
after(() => mirror.stop());

/** Runs install.sh with the mirror as the place of releases. */
export function install(machine: Machine, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const environment = { ...mirror.environment, ...options.environment };
  return machine.install(args, { ...options, environment });
}

/** A machine with the older release installed and its service running. */
export async function installed(): Promise<Machine> {
  template ??= firstInstall();
  return await (await template).copy();
}

let template: Promise<Machine> | undefined;
async function firstInstall(): Promise<Machine> {
  const machine = await Machine.create();
  const args = [...CLUSTER, "--version", OLD, "--credentials-file", machine.keysFile()];
  const { exitCode, stderr } = await install(machine, args);
  assert.equal(exitCode, 0, stderr);
  return machine;
}

/** The configuration that stands there. */
export function enforcedConfig(machine: Machine): unknown {
  return parse(machine.read("etc/eks-satellite/config.yaml"));
}
