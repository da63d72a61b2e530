// A process with many daemons, in the network of the control plane. It writes what they do on standard output, and ends with SIGTERM.
import diagnostics from "node:diagnostics_channel";
import { setMaxListeners } from "node:events";
import type { ClientRequest } from "node:http";
import { runMember } from "./member.ts";
import type { MemberFacts } from "./record.ts";

const { first, count, facts } = JSON.parse(process.argv[2] ?? "") as {
  readonly first: number;
  readonly count: number;
  readonly facts: MemberFacts;
};

const write = (note: object) => process.stdout.write(`${JSON.stringify({ atMs: Date.now(), ...note })}\n`);

diagnostics.subscribe("http.client.request.start", (message) => {
  const { host } = (message as { readonly request: ClientRequest }).request;
  if (host.endsWith(".amazonaws.com") && !host.includes(".eks.")) write({ attempt: host.split(".")[0] });
});

const stop = new AbortController();
setMaxListeners(0, stop.signal);
process.once("SIGTERM", () => {
  stop.abort();
  process.exit(0);
});
const members = Array.from({ length: count }, (_, index) => {
  const node = first + index;
  const notes = {
    request: (request: object) => write({ node, ...request }),
    condition: (condition: string, status: string) => write({ node, condition, status }),
  };
  return runMember(`fleet-${node}`, { ...facts, healthPort: facts.healthPort + node }, notes, stop.signal);
});
await Promise.all(members);
