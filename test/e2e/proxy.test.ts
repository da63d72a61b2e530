// A machine that reaches AWS and the cluster through a proxy alone: daemon and kubelet go by it, and its password stays theirs.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { endpointName } from "../sandbox/addresses.ts";
import { sessionFiles } from "../sandbox/install-agent.ts";
import { bringUp, type Satellite } from "./satellite.ts";

const ENVIRONMENT = "/etc/eks-satellite/environment";
const CLUSTER_CACHE = "/var/lib/eks-satellite/cluster.json";
const PASSWORD = "proxy-password-17";
const AUTHORIZATION = `Basic ${Buffer.from(`node:${PASSWORD}`).toString("base64")}`;

/** Whom the proxy was asked for. */
const asked: string[] = [];
const proxy = createServer();
/** Both ends of every tunnel. */
const sockets = new Set<Socket>();
let satellite: Satellite;
let environment: string;

before(async () => {
  satellite = await bringUp();
  await satellite.untilHealthy();
  const { addresses, facts } = satellite.sandbox;
  // Names are the proxy's to look up; here they lead to the sandbox.
  proxy.on("connect", (request, client) => {
    const [host = "", port] = (request.url ?? "").toLowerCase().split(":");
    tunnel(request, client as Socket, () =>
      connect(Number(port), host === endpointName(facts.clusterId).toLowerCase() ? addresses.api : addresses.aws),
    );
  });
  await new Promise<void>((resolve) => proxy.listen(0, addresses.uplink.host, resolve));
  environment = await satellite.read(ENVIRONMENT);
  const url = `http://node:${PASSWORD}@${addresses.uplink.host}:${(proxy.address() as AddressInfo).port}`;
  await satellite.write(ENVIRONMENT, `${environment}\nHTTPS_PROXY=${url}\nNO_PROXY=10.100.0.0/16\n`, "0600");
  await firewall("--append");
});
after(async () => {
  await firewall("--delete");
  await satellite.write(ENVIRONMENT, `${environment}\n`);
  await satellite.restore();
  proxy.close();
  for (const socket of sockets) socket.destroy();
});

/** A tunnel is not the server's any more, which closes only what it still answers on. */
function keep(socket: Socket): void {
  sockets.add(socket);
  socket.on("error", () => undefined); // It closes then, too.
  socket.once("close", () => sockets.delete(socket));
}

function tunnel({ url, headers }: IncomingMessage, client: Socket, open: () => Socket): void {
  keep(client);
  if (headers["proxy-authorization"] !== AUTHORIZATION) {
    client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    return;
  }
  asked.push((url ?? "").toLowerCase());
  const server = open();
  keep(server);
  // Whichever end goes, however it goes, takes the other along.
  client.once("close", () => server.destroy());
  server.once("close", () => client.destroy());
  server.once("connect", () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    server.pipe(client).pipe(server);
  });
}

/** Nothing begins a connection to AWS or the API server but the proxy. */
function firewall(verb: "--append" | "--delete"): Promise<string> {
  const { api, aws } = satellite.sandbox.addresses;
  const rule = `--protocol tcp --syn --destination ${api},${aws} --jump REJECT --reject-with tcp-reset`;
  return satellite.box("/bin/sh", "-c", `iptables ${verb} OUTPUT ${rule}`);
}

test("with nothing kept from before, the machine joins through the proxy", async () => {
  const direct = await satellite.sandbox.box(
    ["curl", "--silent", "--max-time", "5", "https://sts.us-east-1.amazonaws.com/"],
    {
      mayFail: true,
    },
  );
  assert.notEqual(direct.exitCode, 0, "the firewall holds");
  await satellite.systemctl("stop");
  await satellite.box("rm", "-f", ...sessionFiles, CLUSTER_CACHE);
  asked.length = 0;
  await satellite.sandbox.timeToReady(() => satellite.systemctl("start"));
  await satellite.untilHealthy();
  const endpoint = `${endpointName(satellite.sandbox.facts.clusterId).toLowerCase()}:443`;
  for (const whom of ["sts.us-east-1.amazonaws.com:443", "eks.us-east-1.amazonaws.com:443", endpoint])
    assert.ok(asked.includes(whom), `${whom} is not among ${asked.join(", ")}`);
});

test("check goes by the same proxy, and finds nothing failed", async () => {
  const { stdout } = await satellite.sandbox.box(["eks-satellite", "check", "--output", "json"], { mayFail: true });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; outcome: string; evidence: string }[] };
  assert.deepEqual(
    checks.filter(({ outcome }) => outcome === "fail"),
    [],
  );
  const { evidence = "" } = checks.find(({ name }) => name === "proxy") ?? {};
  assert.match(evidence, /^HTTPS_PROXY=http:\/\/…@/);
});

test("the proxy's password is in no log, no status and no argument", async () => {
  const journal = await satellite.box("journalctl", "--unit=eks-satellite", "--no-pager");
  const status = JSON.stringify(await satellite.status());
  const processes = await satellite.box("/bin/sh", "-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '");
  for (const text of [journal, status, processes]) assert.ok(!text.includes(PASSWORD));
});
