// The section of the configuration that says where the health endpoint listens.
import ipaddr from "ipaddr.js";
import * as z from "zod";

/** Port, address, and whether other machines may read it. */
export const healthSchema = z
  .strictObject({
    port: z.int().min(1).max(65_535).default(9911).describe("Port of /livez, /readyz, /status and /metrics."),
    address: z
      .union([z.ipv4(), z.ipv6()])
      .default("127.0.0.1")
      .describe("Address that it listens on; one that is not loopback needs allowRemote."),
    allowRemote: z
      .boolean()
      .default(false)
      .describe("Whether other machines may read it: it has no secrets, no authentication and no encryption."),
  })
  .refine(({ address, allowRemote }) => allowRemote || isLoopback(address), {
    path: ["address"],
    error: "is not a loopback address: set health.allowRemote too, if every machine that reaches it may read it",
  });

/** The URL by which a program on this machine reaches the endpoint; for an address that means every interface it is on loopback. */
export function healthUrl(
  { address, port }: { readonly address: string; readonly port: number },
  path: string,
): string {
  const reached = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}${path}`;
}

/** Whether only this machine itself can reach an address. */
export function isLoopback(address: string): boolean {
  return ipaddr.parse(address).range() === "loopback";
}
