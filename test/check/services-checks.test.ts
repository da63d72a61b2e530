import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../../agent/errors.ts";
import { setUpCheck } from "../fakes/check-machine.ts";

/** A node in the remote networks, whose kube-proxy and cluster DNS answer. */
function setUp() {
  const machine = setUpCheck();
  const { host, aws } = machine;
  const answers = { kubeProxy: true, dns: true };
  const { onFetch } = host;
  host.onFetch = (request) => {
    const { hostname, port } = new URL(request.url);
    if (port !== "10256" && hostname !== "10.100.0.1") return onFetch(request);
    if (!answers.kubeProxy) throw new SatelliteError("http-failed", "nothing listens");
    return { status: 200, body: "{}" };
  };
  host.onNameServer = () => {
    if (answers.dns) return ["10.100.0.1"];
    throw new SatelliteError("dns-failed", "no answer", { cause: Object.assign(new Error(), { code: "ETIMEOUT" }) });
  };
  return { ...machine, aws, reachable: answers };
}

test("Services and cluster DNS that answer are fine", async () => {
  const { find } = setUp();
  for (const name of ["services", "cluster-dns"]) assert.equal((await find(name)).outcome, "ok", name);
});

test("an island needs neither", async () => {
  const { find, aws, reachable } = setUp();
  reachable.kubeProxy = false;
  aws.cluster = { ...aws.cluster, remoteNetworks: { nodes: [], pods: [] } };
  for (const name of ["services", "cluster-dns"]) {
    const { outcome, evidence } = await find(name);
    assert.deepEqual([outcome, /not used: there is no tunnel/.test(evidence)], ["ok", true], evidence);
  }
});

test("a kube-proxy that is missing is a warning, and says who brings it; cluster DNS is not blamed for it", async () => {
  const { find, reachable } = setUp();
  Object.assign(reachable, { kubeProxy: false, dns: false });
  const { outcome, evidence, remedy } = await find("services");
  assert.equal(outcome, "warn");
  assert.match(`${evidence} ${remedy}`, /port 10256.*add-on kube-proxy/);
  assert.equal((await find("cluster-dns")).outcome, "unknown");
});

test("cluster DNS that is silent is a warning of its own", async () => {
  const { find, reachable } = setUp();
  reachable.dns = false;
  const { outcome, evidence } = await find("cluster-dns");
  assert.deepEqual([outcome, evidence], ["warn", "cluster DNS at 10.100.0.10 does not answer"]);
});

test("before the daemon runs nothing is wrong yet", async () => {
  const { find, reachable, answers } = setUp();
  reachable.kubeProxy = false;
  answers.daemon = false;
  assert.equal((await find("services")).outcome, "pending");
});

test("without the cluster neither can be asked", async () => {
  const { find, aws } = setUp();
  aws.describeCluster = async () => {
    throw new Error("AWS is away");
  };
  assert.equal((await find("services")).outcome, "unknown");
});
