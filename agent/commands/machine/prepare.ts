// Reads everything that a launch depends on, by GETs alone, and makes the plan of it.
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import type { Change } from "../../admin/change.ts";
import { type ClusterAccess, openCluster } from "../../admin/cluster-access.ts";
import { readOne } from "../../admin/clusters/read-clusters.ts";
import { type LaunchSpec, refuseUsedRuleset } from "../../admin/machine/changes.ts";
import type { NodeAccess } from "../../admin/machine/node.ts";
import { EVERYWHERE, parseOpening, rulesOf } from "../../admin/machine/open.ts";
import { type LambdaReading, planMachine } from "../../admin/machine/plan.ts";
import { encodeUserData } from "../../admin/user-data/encode.ts";
import { renderUserData, type UserDataRequest } from "../../admin/user-data/user-data.ts";
import { describe, SatelliteError } from "../../errors.ts";
import { pinWanted } from "../user-data/release-options.ts";
import { activate, notesOf } from "../user-data/user-data.ts";
import { type PrepareContext, prepareJoin } from "./join.ts";
import type { LaunchOptions } from "./launch-options.ts";
import { createNodeAccess } from "./node-access.ts";
import { readOwnAddress } from "./own-address.ts";

export interface Prepared {
  readonly access: ClusterAccess;
  readonly spec: LaunchSpec;
  readonly accessChanges: readonly Change[];
  readonly notes: readonly string[];
  readonly node: NodeAccess;
  /** What joins the machine: with stand-ins replaced, and made again for each try. */
  readonly renderJoin: () => Promise<string>;
}

const MAX_KEY_BYTES = 16 * 1024;
const PUBLIC_KEY =
  /^(?:ssh-[a-z0-9]{1,20}|ecdsa-[a-z0-9-]{1,40}|sk-[a-z0-9@.-]{1,60}) [A-Za-z0-9+/=]{16,8000}(?: [^\r\n]{0,200})?$/;

/** @throws whatever refuses the launch: nothing is made yet */
export async function prepareLaunch(context: PrepareContext, name: string, options: LaunchOptions): Promise<Prepared> {
  const { host } = context;
  const access = await openCluster(context.admin, { name: options.cluster, region: options.region });
  const obstacles = await checkObstacles(context, options);
  const node = createNodeAccess(access, host.clock);
  const nodeNotes = await checkNode(node, name);
  const { request, keys, userDataOptions, accessPlan } = await prepareJoin(context, access, { name, options });
  const release = await pinWanted(context, options);
  const reading = await readLambda(context);
  const plan = planMachine(reading, await toWanted(context, name, options));
  const { rules, own } = await readRules(host, name, options);
  refuseUsedRuleset({ name, rules, rulesets: reading.rulesets });
  const renderJoin = async () => {
    const activation =
      request.source === "ssm" ? await activate({ ...context, printError: context.say }, userDataOptions) : undefined;
    return renderUserData({ ...request, release, activation }).text;
  };
  const pinned = { ...request, release };
  const isSsh = options.join === "ssh";
  const spec: LaunchSpec = {
    ...{ name, clusterArn: access.arn, plan, rules, rulesets: reading.rulesets, fileSystems: options.fileSystem },
    known: new Set(reading.machines.map(({ id }) => id)),
    launchId: randomUUID(),
    image: imageOf(options),
    userData: isSsh ? undefined : { render: renderJoin, description: describeUserData(pinned) },
  };
  return {
    ...{ access, spec, accessChanges: accessPlan.changes, node, renderJoin },
    notes: [
      ...[...access.notes, ...obstacles, ...nodeNotes, ...accessPlan.notes, ...notesOf(request, { keys, release })],
      ...[...plan.notes, ...ownAddressNote(own), ...(isSsh ? [HOST_KEY_NOTE] : secretsNote(pinned))],
    ],
  };
}

const HOST_KEY_NOTE = "ssh knows no host key of a new machine: the first one that it shows is accepted, and printed";

async function readRules(host: PrepareContext["host"], name: string, options: LaunchOptions) {
  const openings = options.open.map(parseOpening);
  const needsOwn = openings.some(({ source }) => source === undefined);
  const own = needsOwn ? await readOwnAddress(host) : undefined;
  return { own, rules: rulesOf(openings, own === undefined ? EVERYWHERE : `${own}/32`, name) };
}

function ownAddressNote(own: string | undefined): readonly string[] {
  if (own === undefined) return [];
  return [
    `${own} is this machine's public address as checkip.amazonaws.com sees it: all behind the same router or VPN have it`,
  ];
}

/** @throws cluster-obstacle */
async function checkObstacles(
  { admin }: PrepareContext,
  { cluster: name, region, ignoreObstacles }: LaunchOptions,
): Promise<readonly string[]> {
  const { obstacles } = await readOne(admin, { name, region });
  const out = obstacles.find(({ kind }) => kind === "out");
  if (out !== undefined && !ignoreObstacles)
    throw new SatelliteError("cluster-obstacle", `cluster ${name} keeps the machine out: ${out.problem}`, {
      hint: `${out.remedy} --ignore-obstacles launches all the same.`,
    });
  return obstacles.map(({ problem, remedy }) => `cluster ${name}: ${problem}. ${remedy}`);
}

/** @throws node-exists */
async function checkNode(node: NodeAccess, name: string): Promise<readonly string[]> {
  let present: Awaited<ReturnType<NodeAccess["read"]>>;
  try {
    present = await node.read(name);
  } catch (error) {
    return [
      `whether there is a Node ${name} is not known, and it is not seen when it is Ready: ${describe(error).message}`,
    ];
  }
  if (present === undefined) return [];
  throw new SatelliteError(
    "node-exists",
    `there is a Node ${name} already, ${present.isReady ? "Ready" : `NotReady (${present.reason})`}`,
    {
      hint: `Choose another name. If its machine is gone: eks-satellite machine terminate ${name} deletes it.`,
    },
  );
}

/** One request a second: the queue keeps Lambda's pace. */
async function readLambda({ lambda, say, stopSignal: signal }: PrepareContext): Promise<LambdaReading> {
  say("… reading what there is at Lambda (some 8 s)");
  return {
    offers: await lambda.listTypes(signal),
    machines: await lambda.list(signal),
    sshKeys: await lambda.listSshKeys(signal),
    images: await lambda.listImages(signal),
    fileSystems: await lambda.listFileSystems(signal),
    rulesets: await lambda.listRulesets(signal),
    globalRules: await lambda.listGlobalRules(signal),
  };
}

async function toWanted({ host }: PrepareContext, name: string, options: LaunchOptions) {
  const { sshPublicKey: file } = options;
  return {
    ...{ name, type: options.type, cloudRegion: options.cloudRegion, sshKey: options.sshKey },
    sshPublicKey: file === undefined ? undefined : await readPublicKey(host, file),
    image: imageOf(options),
    fileSystems: options.fileSystem,
    openings: options.open.map(parseOpening),
    canWait: options.waitForCapacity > 0,
  };
}

async function readPublicKey(host: PrepareContext["host"], file: string): Promise<string> {
  const found = await host.files.readWithStatus(resolve(file), MAX_KEY_BYTES);
  const text = found?.text.trim();
  if (text !== undefined && PUBLIC_KEY.test(text)) return text;
  throw new SatelliteError(
    "options-invalid",
    `--ssh-public-key ${file} ${found === undefined ? "does not exist" : "is no public key of OpenSSH"}`,
    {
      hint: "It is one line, such as ssh-ed25519 AAAA… NAME: the file that ends in .pub.",
    },
  );
}

function imageOf({ imageId, imageFamily }: LaunchOptions): LaunchSpec["image"] {
  if (imageId !== undefined) return { id: imageId };
  return imageFamily === undefined ? undefined : { family: imageFamily };
}

function describeUserData(request: UserDataRequest): string {
  const { text, secrets } = renderUserData(request);
  const size = `${(encodeUserData(text, "plain").rawBytes / 1024).toFixed(1)} KiB`;
  return secrets.length === 0 ? size : `${size}, with ${secrets.join(" and ")}`;
}

function secretsNote(request: UserDataRequest): readonly string[] {
  const { secrets } = renderUserData(request);
  return secrets.length === 0
    ? []
    : [
        `the user data holds ${secrets.join(" and ")}: pods that reach the machine's metadata service may read it; --join ssh puts nothing there`,
      ];
}
