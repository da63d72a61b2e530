// Large files into a virtual machine: fetched by it over its uplink, since ssh's encryption is slow in an emulated processor.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves `content` at the host's end of the machine's uplink for as long as `fetch` takes, which gets its URL. */
export async function handOver<T>(address: string, content: Buffer, fetch: (url: string) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => response.end(content));
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, address, resolve));
  try {
    return await fetch(`http://${address}:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
