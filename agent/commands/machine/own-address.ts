// The public address of this machine, as AWS sees it: what `--open` without a network lets in.
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { ipv4Address } from "../../tunnel/entries.ts";

/** AWS's own service: it answers with the address that the question came from. */
const URL = "https://checkip.amazonaws.com";
const TIMEOUT_SECONDS = 15;
const MAX_BYTES = 256;

/** @throws address-unknown */
export async function readOwnAddress(host: Pick<LaptopHost, "fetch">): Promise<string> {
  const failed = (cause: unknown) =>
    new SatelliteError("address-unknown", `${URL} does not say which public address this machine has`, {
      hint: "Say from where packets may come: --open tcp:8080:203.0.113.7/32, or :0.0.0.0/0 for the whole internet.",
      cause,
    });
  const request = { url: URL, timeoutSeconds: TIMEOUT_SECONDS, maxBytes: MAX_BYTES };
  const answer = await host.fetch(request).catch((cause: unknown) => {
    throw failed(cause);
  });
  const address = answer.body.trim();
  if (answer.status !== 200 || !ipv4Address.safeParse(address).success) throw failed(undefined);
  return address;
}
