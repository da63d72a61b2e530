import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCorefile } from "../../../agent/plan/dns/corefile.ts";

const INPUT = {
  domain: "cluster.local",
  otherZones: ["100.10.in-addr.arpa"],
  clusterDns: "10.100.0.10",
  nameServers: ["192.0.2.53", "2001:db8::53"],
  askers: ["169.254.20.10/32"],
};

/** The lines of a server block. */
function serverOf(corefile: string, zone: string): string {
  return (
    corefile.split(/^}$/m).find((block) =>
      block
        .trimStart()
        .replace(/^#.*\n/, "")
        .startsWith(`${zone} {`),
    ) ?? ""
  );
}

test("public names go to the machine's name servers in order, and never to cluster DNS", () => {
  const block = serverOf(renderCorefile(INPUT), ".:53");
  assert.match(block, /forward \. 192\.0\.2\.53 2001:db8::53 \{\n\s+policy sequential/);
  assert.doesNotMatch(block, /10\.100\.0\.10/);
});

test("a machine without a name server of its own has public names from cluster DNS", () => {
  assert.match(serverOf(renderCorefile({ ...INPUT, nameServers: [] }), ".:53"), /forward \. 10\.100\.0\.10/);
});

test("what cluster DNS does not answer is said not to exist in front of the cache, which does not keep it", () => {
  const corefile = renderCorefile(INPUT);
  const front = serverOf(corefile, "cluster.local:53");
  assert.match(front, /forward \. 127\.0\.0\.1:9914 \{[^}]*next SERVFAIL[^}]*\}\s+forward \. 127\.0\.0\.1:9915 /);
  assert.doesNotMatch(front, /cache/);
  const nowhere = serverOf(corefile, "cluster.local:9915");
  assert.match(nowhere, /bind 127\.0\.0\.1[\s\S]*rcode NXDOMAIN\n\s+authority "cluster\.local\. 5 IN SOA /);
  const inner = serverOf(corefile, "cluster.local:9914");
  assert.match(inner, /serve_stale 1h verify/);
  assert.match(inner, /failfast_all_unhealthy_upstreams/);
});

test("a cluster's other zones fail as they are: no search list leads there", () => {
  const block = serverOf(renderCorefile(INPUT), "100.10.in-addr.arpa:53");
  assert.match(block, /serve_stale 1h verify[\s\S]*10\.100\.0\.10/);
  assert.doesNotMatch(block, /NXDOMAIN|next/);
  assert.equal(serverOf(renderCorefile({ ...INPUT, otherZones: [] }), "100.10.in-addr.arpa:53"), "");
});
