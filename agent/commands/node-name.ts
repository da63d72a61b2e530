// `eks-satellite node-name`: the name of the node that has a network interface, or an address.

import { openAccount } from "../admin/account.ts";
import { readEni } from "../admin/eni.ts";
import { fargateNodeName, type SuffixForm } from "../config/fargate-name.ts";
import { SatelliteError } from "../errors.ts";
import type { EniCommandContext } from "./eni.ts";
import { checkId, checkRegion } from "./eni-options.ts";

export interface NodeNameOptions {
  readonly region: string;
  readonly eni?: string;
  readonly ip?: string;
  readonly suffix: SuffixForm;
  readonly output: "text" | "json";
}

/** Prints it, alone on its line; AWS is asked about an interface only. @throws options-invalid, address-invalid, eni-not-found */
export async function nodeNameCommand(
  { openAdmin }: Pick<EniCommandContext, "openAdmin">,
  { region, eni, ip, suffix, output }: NodeNameOptions,
  print: (text: string) => void,
): Promise<number> {
  checkRegion(region);
  if ((eni === undefined) === (ip === undefined))
    throw new SatelliteError("options-invalid", "give either --eni or --ip", {
      hint: "--eni asks AWS for the interface's address; --ip asks nobody.",
    });
  const address = ip ?? (await readAddress(openAdmin, region, eni ?? ""));
  const nodeName = fargateNodeName(address, region, suffix);
  const document = { nodeName, ip: address, region, ...(eni === undefined ? {} : { eni }) };
  print(output === "json" ? `${JSON.stringify(document, undefined, 2)}\n` : `${nodeName}\n`);
  return 0;
}

async function readAddress(openAdmin: EniCommandContext["openAdmin"], region: string, eni: string) {
  checkId("eni", eni, "--eni");
  const admin = await openAdmin();
  return (await readEni({ ec2: admin.ec2, account: await openAccount(admin, region) }, eni)).privateIp;
}
