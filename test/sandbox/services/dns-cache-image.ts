// The image of a node's own cache for names, under the name that the node's configuration has by default: no registry is reachable.
import { readFile } from "node:fs/promises";
import { DNS_CACHE_IMAGE } from "../../../agent/config/network/dns-cache.ts";
import { buildDnsCache } from "../go-builds.ts";
import { importMissing } from "../images.ts";
import type { Machine } from "../machine/machine.ts";
import type { Progress } from "../step.ts";

/** Builds the program, and brings the image to the machine. */
export async function importDnsCacheImage(machine: Machine, progress: Progress): Promise<void> {
  const content = await readFile(await buildDnsCache(progress));
  const files = [{ path: "coredns", content, mode: 0o755 }];
  await importMissing(machine, [{ tag: DNS_CACHE_IMAGE, files, entrypoint: ["/coredns"] }]);
}
