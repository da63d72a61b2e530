// AWS's partitions: which regions each has, and the names of its services. From the SDKs' partitions.json and ECR's documentation.

import { findNearest } from "../nearest.ts";

/** A partition of AWS, such as China's. */
export interface Partition {
  /** As in ARNs, e.g. `aws-cn`. */
  readonly id: string;
  /** What the names of its regions begin with, e.g. `cn`. */
  readonly prefixes: readonly string[];
  /** What its services' names end in. */
  readonly dnsSuffix: string;
  /** What the names of ECR's dual-stack registries end in, where there are such. */
  readonly dualStackRegistrySuffix?: string;
  /** Regions that are known, to name the nearest one; a newer one is a region too. */
  readonly regions: readonly string[];
}

/** No region of one has the prefix of another. */
export const PARTITIONS: readonly [Partition, ...Partition[]] = [
  {
    id: "aws",
    prefixes: ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"],
    dnsSuffix: "amazonaws.com",
    dualStackRegistrySuffix: "on.aws",
    regions: [
      ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1"],
      ...[
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
      ],
      ...["ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2"],
      ...["ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6"],
      ...["ap-southeast-7", "af-south-1", "il-central-1", "me-central-1", "me-south-1", "me-west-1", "sa-east-1"],
      "sa-west-1",
    ],
  },
  {
    id: "aws-us-gov",
    prefixes: ["us-gov"],
    dnsSuffix: "amazonaws.com",
    dualStackRegistrySuffix: "on.aws",
    regions: ["us-gov-east-1", "us-gov-west-1"],
  },
  {
    id: "aws-cn",
    prefixes: ["cn"],
    dnsSuffix: "amazonaws.com.cn",
    dualStackRegistrySuffix: "on.amazonwebservices.com.cn",
    regions: ["cn-north-1", "cn-northwest-1"],
  },
  {
    id: "aws-eusc",
    prefixes: ["eusc-de"],
    dnsSuffix: "amazonaws.eu",
    dualStackRegistrySuffix: "on.amazonwebservices.eu",
    regions: ["eusc-de-east-1"],
  },
  { id: "aws-iso", prefixes: ["us-iso"], dnsSuffix: "c2s.ic.gov", regions: ["us-iso-east-1", "us-iso-west-1"] },
  { id: "aws-iso-b", prefixes: ["us-isob"], dnsSuffix: "sc2s.sgov.gov", regions: ["us-isob-east-1", "us-isob-west-1"] },
  { id: "aws-iso-e", prefixes: ["eu-isoe"], dnsSuffix: "cloud.adc-e.uk", regions: ["eu-isoe-west-1"] },
  {
    id: "aws-iso-f",
    prefixes: ["us-isof"],
    dnsSuffix: "csp.hci.ic.gov",
    regions: ["us-isof-east-1", "us-isof-south-1"],
  },
];

/** A name further away than this is another word, not a slip. */
const MAX_SLIPS = 3;
const DIRECTION_AND_NUMBER = /-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-\d{1,2}$/;

/** Finds the partition that a region belongs to; undefined for a text that no region's name looks like. */
export function findPartition(region: string): Partition | undefined {
  const prefix = region.replace(DIRECTION_AND_NUMBER, "");
  return prefix === region ? undefined : PARTITIONS.find(({ prefixes }) => prefixes.includes(prefix));
}

/** Every region that is known. */
export function knownRegions(): readonly string[] {
  return PARTITIONS.flatMap(({ regions }) => regions);
}

/** What the names of a region's services end in; the public partition's for a region of none. */
export function dnsSuffixOf(region: string): string {
  return (findPartition(region) ?? PARTITIONS[0]).dnsSuffix;
}

/** What to say of a text that is no region: the nearest one that is. */
export function explainRegion(region: string): string {
  const nearest = findNearest(region, knownRegions(), MAX_SLIPS);
  return `must be an AWS region${nearest === undefined ? " such as us-east-1" : `: did you mean ${nearest}?`}`;
}
