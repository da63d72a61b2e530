import assert from "node:assert/strict";
import { test } from "node:test";
import { ecrHostname, eksUrl, readClockSkewMs, stsHostname, stsUrl } from "../../agent/aws/aws-endpoints.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { sampleConfig } from "../fakes/samples.ts";

test("hosts have the DNS suffix of the region's partition", () => {
  assert.equal(stsHostname("us-west-2"), "sts.us-west-2.amazonaws.com");
  assert.equal(stsHostname("us-gov-west-1"), "sts.us-gov-west-1.amazonaws.com");
  assert.equal(stsHostname("cn-north-1"), "sts.cn-north-1.amazonaws.com.cn");
  assert.equal(stsHostname("eusc-de-east-1"), "sts.eusc-de-east-1.amazonaws.eu");
  assert.equal(stsHostname("us-isob-east-1"), "sts.us-isob-east-1.sc2s.sgov.gov");
});

test("URLs are those of the region unless the configuration names others", () => {
  const config = sampleConfig();
  assert.equal(stsUrl(config), "https://sts.us-west-2.amazonaws.com/");
  assert.equal(eksUrl(config), "https://eks.us-west-2.amazonaws.com/");
  assert.equal(ecrHostname(config, "111122223333"), "111122223333.dkr.ecr.us-west-2.amazonaws.com");
  const custom = sampleConfig("aws: { endpoints: { sts: 'https://sts.example', eks: 'https://eks.example' } }");
  assert.deepEqual([stsUrl(custom), eksUrl(custom)], ["https://sts.example", "https://eks.example"]);
});

test("the clock's skew is measured against the middle of the call", async () => {
  const host = new MemoryHost();
  const askedMs = host.clock.now();
  host.onFetch = () => {
    host.clock.jump(2000);
    return { status: 302, body: "", serverTimeMs: askedMs - 59_000 };
  };
  assert.equal(await readClockSkewMs(host, sampleConfig(), 5), 60_000);
});

test("without an answer or a Date header the skew is unknown", async () => {
  const host = new MemoryHost();
  host.onFetch = () => ({ status: 302, body: "" });
  assert.equal(await readClockSkewMs(host, sampleConfig(), 5), undefined);
  host.onFetch = () => {
    throw new Error("connect ECONNREFUSED");
  };
  assert.equal(await readClockSkewMs(host, sampleConfig(), 5), undefined);
});
