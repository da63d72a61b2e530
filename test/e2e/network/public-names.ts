// The internet, as far as a name goes: a name server that knows one domain, and a page behind it, at an address that the machine reaches by its NAT.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";

const DOMAIN = "public.test";
const PORT = 8099;
const HEADER_BYTES = 12;
const [A, NXDOMAIN] = [1, 3];

export interface PublicNames {
  /** A name that it knows; every label before it does as well. */
  readonly domain: string;
  readonly page: (name: string) => string;
  close(): void;
}

/** Listens on port 53 of the address, and serves a page there. */
export async function servePublicNames(address: string): Promise<PublicNames> {
  const names = createSocket("udp4");
  names.on("message", (question, { port, address: from }) => names.send(answer(question, address), port, from));
  const pages = createServer((_, response) => response.end("a public page"));
  await new Promise<void>((resolve) => names.bind(53, address, resolve));
  await new Promise<void>((resolve) => pages.listen(PORT, address, resolve));
  return {
    domain: DOMAIN,
    page: (name) => `http://${name}:${PORT}/`,
    close: () => {
      names.close();
      pages.close();
    },
  };
}

/** RFC 1035, 4.1: the header and the question as they came, and one record for a name of the domain. */
function answer(question: Buffer, address: string): Buffer {
  const end = question.indexOf(0, HEADER_BYTES) + 5;
  const isKnown = question
    .subarray(HEADER_BYTES, end - 5)
    .toString("latin1")
    .toLowerCase()
    .endsWith("\x06public\x04test");
  const hasRecord = isKnown && question.readUInt16BE(end - 4) === A;
  const reply = Buffer.from(question.subarray(0, end));
  reply.writeUInt16BE(0x8580 | (isKnown ? 0 : NXDOMAIN), 2);
  for (const [offset, count] of [
    [4, 1],
    [6, hasRecord ? 1 : 0],
    [8, 0],
    [10, 0],
  ] as const)
    reply.writeUInt16BE(count, offset);
  // A pointer to the name, type A, class IN, 60 s, four bytes.
  const record = [0xc0, HEADER_BYTES, 0, A, 0, 1, 0, 0, 0, 60, 0, 4, ...address.split(".").map(Number)];
  return Buffer.concat([reply, Buffer.from(hasRecord ? record : [])]);
}
