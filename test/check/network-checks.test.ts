import assert from "node:assert/strict";
import { test } from "node:test";
import { API, setUpCheck } from "../fakes/check-machine.ts";

const PROXY = { HTTPS_PROXY: "http://proxy:3128" };
const API_HOST = new URL(API).hostname;

test("a clock is ok up to a minute off, a warning up to five, and a failure beyond", async () => {
  const { answers, find } = setUpCheck();
  const outcomeOf = async (seconds: number) => {
    answers.skewMs = seconds * 1000;
    return (await find("clock")).outcome;
  };
  for (const [seconds, outcome] of [
    [60, "ok"],
    [-60, "ok"],
    [61, "warn"],
    [-300, "warn"],
    [301, "fail"],
    [-301, "fail"],
  ] as const)
    assert.equal(await outcomeOf(seconds), outcome, `${seconds} s`);
});

test("NO_PROXY covers a name by itself, by its domain with or without a dot or star, and all names by a star", async () => {
  const { find } = setUpCheck();
  const missing = async (entries: string) => {
    const NO_PROXY = `10.100.0.0/16,${entries}`;
    return /lacks (.*)$/.exec((await find("proxy", { ...PROXY, NO_PROXY })).evidence)?.[1];
  };
  const lower = API_HOST.toLowerCase();
  for (const entry of [lower, "eks.amazonaws.com", ".eks.amazonaws.com", "*.eks.amazonaws.com", "*"])
    assert.equal(await missing(entry), undefined, entry);
  for (const entry of ["", "ks.amazonaws.com", "eks.amazonaws.com.example"])
    assert.equal(await missing(entry), lower, entry);
});

test("a network that holds the Services' covers them, and this machine itself needs no entry", async () => {
  const { find } = setUpCheck();
  const finding = (NO_PROXY: string) => find("proxy", { ...PROXY, NO_PROXY });
  assert.equal((await finding("169.254.169.254,10.0.0.0/8,172.16.0.0/12,.eks.amazonaws.com")).outcome, "ok");
  assert.match((await finding("10.100.0.0/17,.eks.amazonaws.com")).evidence, /lacks 10\.100\.0\.0\/16$/);
  assert.match((await finding("10.100.0.1,.eks.amazonaws.com")).evidence, /lacks 10\.100\.0\.0\/16$/);
});

test("of a proxy's address everything up to the last @ is left out", async () => {
  const { find } = setUpCheck();
  const HTTPS_PROXY = "http://user:p@ssw0rd-long@proxy:3128";
  assert.equal((await find("proxy", { HTTPS_PROXY, NO_PROXY: "*" })).evidence, "HTTPS_PROXY=http://…@proxy:3128");
  const { outcome, evidence } = await find("proxy", { HTTPS_PROXY: "http://user:pass/word-long@proxy:3128" });
  assert.equal(outcome, "fail");
  assert.doesNotMatch(evidence, /word-long|pass/);
});

test("a SOCKS proxy is reported: kubelet would use it, and this program does not", async () => {
  const { find } = setUpCheck();
  const { outcome, evidence } = await find("proxy", { HTTPS_PROXY: "socks5://proxy:1080" });
  assert.deepEqual([outcome, /SOCKS/.test(evidence)], ["fail", true]);
});

test("the lower-case variables count too, and an empty proxy is none", async () => {
  const { find } = setUpCheck();
  assert.match(
    (await find("proxy", { https_proxy: "http://proxy:3128", no_proxy: "*" })).evidence,
    /^HTTPS_PROXY=http/,
  );
  assert.deepEqual((await find("proxy", { HTTPS_PROXY: "" })).evidence, "none is set");
});

test("any HTTP status of STS and the API server is an answer", async () => {
  const { find } = setUpCheck();
  assert.match((await find("sts")).evidence, /^https:\/\/sts\.us-west-2\.amazonaws\.com answers \(403\)$/);
  assert.match((await find("api-server")).evidence, /answers \(403\), with a certificate of the cluster's CA$/);
});

test("a name that hangs or does not resolve is reported as DNS, and the server is not asked", async () => {
  const { host, find } = setUpCheck();
  host.names.delete("eks.us-west-2.amazonaws.com");
  const before = host.onFetch;
  const asked: string[] = [];
  host.onFetch = (request) => {
    asked.push(request.url);
    return before(request);
  };
  const { outcome, evidence, remedy } = await find("eks");
  assert.deepEqual([outcome, evidence], ["fail", "https://eks.us-west-2.amazonaws.com does not answer (dns)"]);
  assert.match(remedy ?? "", /^resolvectl status/);
  assert.deepEqual(asked, []);
});
