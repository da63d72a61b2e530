import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayHealth } from "../../../agent/tunnel/health.ts";
import { CONFIG_FILE, setUpCheck } from "../../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../../fakes/samples.ts";
import { dumpOf, GATEWAY_KEY, sampleHealth } from "../../network/watch/samples.ts";

/** A machine with a static tunnel, whose gateway answers. */
function setUpTunnel({ address = "192.0.2.11", vpcCidrs = "[10.20.0.0/16]" } = {}) {
  const world = setUpCheck();
  const { host, aws } = world;
  const gateway = `{ publicKey: ${GATEWAY_KEY}, endpoint: "198.51.100.5:51820", address: 10.20.1.5 }`;
  const tunnel = `{ mode: static, address: ${address}, vpcCidrs: ${vpcCidrs}, gateways: [${gateway}] }`;
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { tunnel: ${tunnel} }\n`);
  const far: { health: GatewayHealth; gateway: string; apiServer: string } = {
    ...{ health: sampleHealth({ you: { address, node: "gpu-1", kubelet: "ok" } }), gateway: "", apiServer: "" },
  };
  const { onFetch } = host;
  const failing = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  host.onFetch = (request) => {
    if (request.url.endsWith(":51821/healthz"))
      return far.gateway === "" ? { status: 200, body: JSON.stringify(far.health) } : failing(far.gateway);
    if (request.connectTo !== undefined)
      return far.apiServer === "" ? { status: 401, body: "" } : failing(far.apiServer);
    return onFetch(request);
  };
  host.install("wg", () => ({ stdout: dumpOf({ handshakeSeconds: host.clock.now() / 1000 - 42 }) }));
  aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: ["192.0.2.0/24"], pods: [] } };
  return { ...world, far };
}

const said = ({ evidence, remedy = "" }: { evidence: string; remedy?: string }) => `${evidence} ${remedy}`;

test("tunnel: a gateway that answers is ok, with its latency and the age of the handshake", async () => {
  const { find } = setUpTunnel();
  const finding = await find("tunnel");
  assert.deepEqual(
    [finding.outcome, finding.evidence],
    ["ok", "gateway demo answers on 10.20.1.5 through the tunnel in 0 ms, handshake 42 s ago"],
  );
});

test("tunnel: the causes are those that the daemon names", async () => {
  const { host, far, find } = setUpTunnel();
  far.gateway = "ETIMEDOUT";
  assert.match(said(await find("tunnel")), /shakes hands, and 10\.20\.1\.5:51821 does not answer/);
  host.install("wg", () => ({ stdout: dumpOf({ receivedBytes: 0 }) }));
  assert.match(said(await find("tunnel")), /has answered no handshake/);
  host.install("wg", () => ({ stdout: dumpOf() }));
  assert.match(said(await find("tunnel")), /no longer answers/);
  far.gateway = "ECONNREFUSED";
  const finding = await find("tunnel");
  assert.equal(finding.outcome, "fail");
  assert.match(said(finding), /systemctl status eks-satellite-gateway/);
  host.uninstall("wg");
  assert.match(said(await find("tunnel")), /no WireGuard interface es0/);
});

test("control-plane-route: it is proven when both ends answer, and otherwise the missing step is named", async () => {
  const { far, find } = setUpTunnel();
  const proven = await find("control-plane-route");
  assert.deepEqual(
    [proven.outcome, proven.evidence],
    ["ok", "the API server answers on 10.20.1.10, and the gateway reaches 192.0.2.11:10250"],
  );
  far.health = { ...far.health, you: { ...far.health.you, kubelet: "silent" } };
  assert.match(said(await find("control-plane-route")), /firewall of this machine.*nft list ruleset/);
  far.apiServer = "ETIMEDOUT";
  far.health = { ...far.health, problems: [{ code: "vpc-route-missing", message: "rtb-1 has no route" }] };
  const finding = await find("control-plane-route");
  assert.equal(finding.outcome, "fail");
  assert.match(said(finding), /rtb-1 has no route.*eks-satellite gateway check --cluster demo/);
  far.gateway = "ETIMEDOUT";
  assert.equal((await find("control-plane-route")).outcome, "unknown");
});

test("control-plane-route: remote networks that lack the tunnel's address have the whole command", async () => {
  const { find } = setUpTunnel({ address: "10.99.0.11" });
  const finding = await find("control-plane-route");
  assert.equal(finding.outcome, "fail");
  assert.match(said(finding), /aws eks update-cluster-config .*10\.99\.0\.0\/24/);
});

test("without a tunnel the way is unknown, and who is connected to kubelet now is shown", async () => {
  const { host, find } = setUpCheck();
  assert.deepEqual([(await find("tunnel")).outcome, (await find("control-plane-route")).outcome], ["ok", "unknown"]);
  const line = (other: string) => `0      0      192.0.2.10:10250      ${other}`;
  const stdout = [
    ...["10.20.1.10:55312", "[::ffff:10.20.2.10]:41000", "10.20.1.10:55314", "127.0.0.1:9", "[::1]:7"].map(line),
    "",
  ].join("\n");
  host.install("ss", () => ({ stdout }));
  const finding = await find("control-plane-route");
  assert.equal(finding.outcome, "unknown");
  assert.match(finding.evidence, /connected to it now: 10\.20\.1\.10, 10\.20\.2\.10$/);
});

test("before the daemon has asked, a tunnel is what it brings; with mode off there is none", async () => {
  const { host, answers, find } = setUpCheck();
  answers.daemon = false;
  assert.equal((await find("tunnel")).outcome, "pending");
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\nnetwork: { tunnel: { mode: off } }\n`);
  assert.equal((await find("tunnel")).outcome, "ok");
});
