// What a launch needs, decided from what there is at Lambda: the same reading gives the same plan, and a refusal comes before anything is made.
import { SatelliteError } from "../../errors.ts";
import type {
  FileSystem,
  FirewallRule,
  LaunchRequest,
  Machine,
  MachineImage,
  MachineOffer,
  Ruleset,
  SshKey,
} from "../lambda/api.ts";
import { unknownName } from "../lambda/errors.ts";
import { filteredFirst, UNFILTERED_REGION } from "../lambda/regions.ts";
import { TAGS } from "../lambda/tags.ts";
import { describeRule, isWorld, type Opening } from "./open.ts";

/** What there is at Lambda. */
export interface LambdaReading {
  readonly offers: readonly MachineOffer[];
  readonly machines: readonly Machine[];
  readonly sshKeys: readonly SshKey[];
  readonly images: readonly MachineImage[];
  readonly fileSystems: readonly FileSystem[];
  readonly rulesets: readonly Ruleset[];
  readonly globalRules: readonly FirewallRule[];
}

/** What the user wants. */
export interface WantedMachine {
  readonly name: string;
  readonly type: string;
  /** A region of Lambda, or `any`. */
  readonly cloudRegion: string;
  readonly sshKey: string | undefined;
  /** The text of a public key. */
  readonly sshPublicKey: string | undefined;
  readonly image: LaunchRequest["image"] | undefined;
  readonly fileSystems: readonly string[];
  readonly openings: readonly Opening[];
  /** Whether a launch waits until there is capacity. */
  readonly canWait: boolean;
}

export interface MachinePlan {
  readonly type: MachineOffer;
  /** Where it may be launched; undefined for everywhere. */
  readonly allowed: readonly string[] | undefined;
  /** Those of them that have capacity now. */
  readonly withCapacity: readonly string[];
  readonly sshKey: { readonly name: string; readonly publicKey?: string };
  readonly notes: readonly string[];
}

export const ANY_REGION = "any";
const GONE = ["terminated", "terminating", "preempted"];
const KUBELET_PORT = 10_250;

/** @throws machine-exists, lambda-not-found, lambda-no-capacity, lambda-file-system-elsewhere, options-invalid */
export function planMachine(reading: LambdaReading, wanted: WantedMachine): MachinePlan {
  refuseSecond(reading.machines, wanted.name);
  const type = findType(reading.offers, wanted.type);
  const allowed = allowedRegions(reading, wanted);
  const names = type.regions.map(({ name }) => name).filter((name) => allowed?.includes(name) ?? true);
  const withCapacity = filteredFirst(names);
  if (withCapacity.length === 0 && !wanted.canWait) throw noCapacity(type, wanted.cloudRegion);
  checkImage(reading.images, wanted.image);
  return {
    ...{ type, allowed, withCapacity },
    sshKey: chooseKey(reading.sshKeys, wanted),
    notes: notesOf(reading, wanted, allowed ?? withCapacity),
  };
}

/** Lambda has no client token: the name is what keeps a second machine away. @throws machine-exists */
export function refuseSecond(machines: readonly Machine[], name: string): void {
  const other = machines.find((machine) => isNamed(machine, name) && !GONE.includes(machine.status));
  if (other === undefined) return;
  const { id, status, region, type } = other;
  throw new SatelliteError(
    "machine-exists",
    `there is a machine ${name} already: ${id}, ${type.name} in ${region.name}, ${status}`,
    {
      hint: `Choose another name, or end it first: eks-satellite machine terminate ${name}. eks-satellite machine show ${name} says what it is.`,
    },
  );
}

/** By the tag of a launch, or by Lambda's own name of it. */
export function isNamed({ tags, name }: Machine, wanted: string): boolean {
  return tags[TAGS.node] === wanted || name === wanted;
}

/** Whether Lambda still counts it. */
export function isGone({ status }: Machine): boolean {
  return status === "terminated" || status === "preempted";
}

function findType(offers: readonly MachineOffer[], wanted: string): MachineOffer {
  const found = offers.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  throw unknownName(
    "type of machine",
    wanted,
    offers.map(({ name }) => name),
  );
}

/** Undefined: every region. A file system binds a machine to its own. */
function allowedRegions(reading: LambdaReading, wanted: WantedMachine): readonly string[] | undefined {
  const names = wanted.fileSystems.map((name) => findFileSystem(reading.fileSystems, name));
  const [first] = names;
  const elsewhere = names.find(
    ({ region }) => region !== (wanted.cloudRegion === ANY_REGION ? first?.region : wanted.cloudRegion),
  );
  if (elsewhere !== undefined) {
    const other = wanted.cloudRegion === ANY_REGION ? first?.region : wanted.cloudRegion;
    throw new SatelliteError(
      "lambda-file-system-elsewhere",
      `file system ${elsewhere.name} is in ${elsewhere.region}, and the machine would be in ${other}`,
      { hint: `--cloud-region ${elsewhere.region}, or another file system: one is attached in its own region alone.` },
    );
  }
  if (wanted.cloudRegion === ANY_REGION) return first === undefined ? undefined : [first.region];
  const known = new Set([
    ...reading.images.map(({ region }) => region),
    ...reading.offers.flatMap(({ regions }) => regions.map(({ name }) => name)),
  ]);
  if (!known.has(wanted.cloudRegion)) throw unknownName("region", wanted.cloudRegion, [...known, ANY_REGION]);
  return [wanted.cloudRegion];
}

function findFileSystem(fileSystems: readonly FileSystem[], wanted: string): FileSystem {
  const found = fileSystems.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  throw unknownName(
    "file system",
    wanted,
    fileSystems.map(({ name }) => name),
  );
}

function checkImage(images: readonly MachineImage[], wanted: LaunchRequest["image"] | undefined): void {
  if (wanted === undefined) return;
  const [key, value] = "id" in wanted ? (["id", wanted.id] as const) : (["family", wanted.family] as const);
  if (images.some((image) => image[key] === value)) return;
  throw unknownName(key === "id" ? "image with id" : "family of images", value, [
    ...new Set(images.map((image) => image[key])),
  ]);
}

/** Exactly one key. @throws options-invalid, lambda-not-found */
function chooseKey(keys: readonly SshKey[], { name, sshKey, sshPublicKey }: WantedMachine): MachinePlan["sshKey"] {
  const names = keys.map((key) => key.name);
  if (sshPublicKey !== undefined) {
    const same = keys.find(({ publicKey }) => keyBody(publicKey) === keyBody(sshPublicKey));
    return same === undefined ? { name: keyNameOf(name), publicKey: sshPublicKey } : { name: same.name };
  }
  if (sshKey !== undefined) {
    if (names.includes(sshKey)) return { name: sshKey };
    throw unknownName("SSH key", sshKey, names);
  }
  const [only, second] = names;
  if (only !== undefined && second === undefined) return { name: only };
  throw new SatelliteError(
    "options-invalid",
    only === undefined
      ? "the account has no SSH key"
      : `the account has ${names.length} SSH keys: ${names.slice(0, 12).join(", ")}`,
    {
      hint:
        only === undefined
          ? "Lambda launches no machine without one: --ssh-public-key ~/.ssh/id_ed25519.pub adds yours."
          : "Name one with --ssh-key NAME, or give a public key with --ssh-public-key FILE.",
    },
  );
}

/** Of what a launch makes at Lambda. */
export function keyNameOf(machine: string): string {
  return `eks-satellite-${machine}`.slice(0, 64);
}

/** Type and bytes, without the comment. */
function keyBody(publicKey: string): string {
  return publicKey.trim().split(/\s+/).slice(0, 2).join(" ");
}

function noCapacity({ name }: MachineOffer, region: string): SatelliteError {
  const where = region === ANY_REGION ? "in no region" : `not in ${region}`;
  return new SatelliteError("lambda-no-capacity", `Lambda has capacity for ${name} ${where} now`, {
    hint: "--wait-for-capacity 1h waits for it; eks-satellite machine types shows what there is now.",
  });
}

function notesOf(
  { globalRules }: LambdaReading,
  { openings }: WantedMachine,
  regions: readonly string[],
): readonly string[] {
  const wide = openings.filter(({ source }) => source !== undefined && isWorld(source));
  const kubelet = globalRules.find(
    ({ protocol, ports, source }) =>
      (protocol === "tcp" || protocol === "all") &&
      isWorld(source.includes("/") ? source : `${source}/32`) &&
      (ports === undefined || (ports[0] <= KUBELET_PORT && ports[1] >= KUBELET_PORT)),
  );
  return [
    ...wide.map(({ protocol, ports: [first, last], source }) => {
      return `${protocol} ${first === last ? first : `${first}-${last}`} is open to the internet (${source}): everyone reaches what listens there`;
    }),
    ...(openings.length === 0
      ? []
      : ["ports are opened at the launch alone: Lambda neither adds nor removes a ruleset later"]),
    ...(kubelet === undefined
      ? []
      : [
          `the rules of your whole workspace open kubelet's port ${KUBELET_PORT} to the internet: ${describeRule(kubelet)}`,
        ]),
    ...(regions.includes(UNFILTERED_REGION)
      ? [
          `Lambda's firewall rules do not apply in ${UNFILTERED_REGION}: every port of the machine, and of pods on its network, may be the internet's`,
        ]
      : []),
  ];
}
