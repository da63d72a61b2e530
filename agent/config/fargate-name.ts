// Names of Fargate's nodes: a private IPv4 address and the DNS suffix of its region, as EC2 names it.
import * as z from "zod";
import { SatelliteError } from "../errors.ts";

/**
 * `aws` is the form of Fargate's own nodes: `ec2.internal` in us-east-1, `REGION.compute.internal` elsewhere, also in China and GovCloud.
 * `regional` is the second form everywhere: nodes that were set up by hand in us-east-1 have it.
 */
export const SUFFIX_FORMS = ["aws", "regional"] as const;
export type SuffixForm = (typeof SUFFIX_FORMS)[number];

/** The only region that is older than its own suffix (EC2 user guide, "EC2 instance hostnames and domains"). */
const REGION_WITHOUT_SUFFIX = "us-east-1";

/** E.g. `fargate-ip-10-0-2-27.ec2.internal`. @throws address-invalid */
export function fargateNodeName(privateIp: string, region: string, form: SuffixForm = "aws"): string {
  if (!z.ipv4().safeParse(privateIp).success) {
    throw new SatelliteError("address-invalid", `${JSON.stringify(privateIp)} is not an IPv4 address`, {
      hint: "Give the private address of a network interface, such as 10.0.2.27.",
    });
  }
  return `fargate-ip-${privateIp.replaceAll(".", "-")}.${suffixOf(region, form)}`;
}

/** Whether a name is one of either form in this region. */
export function isFargateNodeName(name: string, region: string): boolean {
  const [, address = "", suffix = ""] = /^fargate-ip-(\d+-\d+-\d+-\d+)\.(.+)$/.exec(name) ?? [];
  return z.ipv4().safeParse(address.replaceAll("-", ".")).success && suffixes(region).includes(suffix);
}

/** The form of such names in this region, for messages. */
export function fargateNamePattern(region: string): string {
  return suffixes(region)
    .map((suffix) => `fargate-ip-A-B-C-D.${suffix}`)
    .join(" or ");
}

function suffixes(region: string): readonly string[] {
  return [...new Set(SUFFIX_FORMS.map((form) => suffixOf(region, form)))];
}

function suffixOf(region: string, form: SuffixForm): string {
  return region === REGION_WITHOUT_SUFFIX && form === "aws" ? "ec2.internal" : `${region}.compute.internal`;
}
