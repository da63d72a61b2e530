// The daemon's reading of HTTPS_PROXY, HTTP_PROXY and NO_PROXY against the library with which kubelet and containerd read them. No sandbox is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, constantFrom, oneof, record, sample, string, tuple } from "fast-check";
import { hasCode } from "../../agent/errors.ts";
import { isNetworkDirect } from "../../agent/host/no-proxy.ts";
import { proxyEnvironment, proxyFor } from "../../agent/host/proxy.ts";
import { askGoForProxies, type ProxyQuestion } from "../sandbox/proxy-rules.ts";

const QUESTIONS = 20_000;

const host = constantFrom(
  ...["example.com", "api.example.com", "a.b.example.com", "notexample.com", "example.org", "localhost", "local"],
  ...["10.1.2.3", "10.100.0.1", "127.0.0.1", "127.3.2.1", "192.168.7.7", "1.2.3.4"],
  ...["[::1]", "[2001:db8::7]", "[2001:db9::7]", "xn--mnchen-3ya.example"],
);
const port = constantFrom("", ":443", ":80", ":8443");
const url = tuple(constantFrom("https://", "http://"), host, port).map((parts) => `${parts.join("")}/x`);
const entry = oneof(
  tuple(constantFrom("", ".", "*.", "*", "..", " "), host, port).map((parts) => parts.join("")),
  constantFrom(
    ...[
      "*",
      "",
      ".",
      "com",
      ".com",
      "EXAMPLE.com",
      "2001:db8::7",
      "::1",
      "2001:db8::/32",
      "[2001:db8::7]:8443",
      "[2001:db8::7]",
    ],
    ...[
      "10.0.0.0/8",
      "10.0.0.0/33",
      "10.1.2.3/32",
      "10.1.2.3/",
      "10.0.0.0/08",
      "0.0.0.0/0",
      "::/0",
      "010.1.2.3",
      "10.1",
      "1.2.3.4:443",
    ],
    ...[
      ":443",
      "example.com:",
      "example.com:https",
      "example.com:443:443",
      "https://example.com",
      "example.com/x",
      "münchen.example",
      "*.*.com",
    ],
  ),
  string({ unit: constantFrom(..."a.*:/[]1-, "), maxLength: 6 }),
);
const noProxy = array(entry, { maxLength: 4 }).map((entries) => entries.join(","));
const proxy = constantFrom(
  ...["", "http://proxy:3128", "proxy:3128", "proxy", "https://proxy:443", "HTTP://PROXY:1", "joe:secret@proxy:3128"],
  ...[
    "http://joe:p@ss@proxy:3128",
    "socks5://proxy:1080",
    "socks5h://proxy:1080",
    "10.0.0.1:8080",
    "[2001:db8::9]:3128",
  ],
);
const environment = record(
  {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
  },
  { requiredKeys: [] },
);

/** `direct`, or the proxy's host; undefined where the daemon says that it cannot. */
function ours({ environment: variables, url: to }: ProxyQuestion): string | undefined {
  try {
    return hostOf(proxyFor(to, proxyEnvironment(variables)));
  } catch (error) {
    assert.ok(hasCode(error, "proxy-unsupported"), JSON.stringify(variables));
    return undefined;
  }
}

const hostOf = (address: string | undefined) => (address ? new URL(address).host.toLowerCase() : "direct");

test("each request goes the way that Go's programs take", async () => {
  const questions = sample(record({ environment, url }), { numRuns: QUESTIONS });
  const answers = await askGoForProxies(questions);
  let compared = 0;
  for (const [index, question] of questions.entries()) {
    const own = ours(question);
    if (own === undefined) continue;
    compared += 1;
    assert.equal(own, hostOf(answers[index]?.proxy), JSON.stringify(question));
  }
  assert.ok(compared > QUESTIONS / 4, `${compared} compared`);
});

test("a network that check calls direct is direct for Go at its first and its last address", async () => {
  const networks = [
    ["10.100.0.0/16", "10.100.0.0", "10.100.255.255"],
    ["172.20.0.0/16", "172.20.0.0", "172.20.255.255"],
  ] as const;
  const lists = sample(noProxy, { numRuns: 3000 }).concat([
    "10.0.0.0/8",
    "10.100.0.0/16",
    "10.100.0.0/17",
    "172.16.0.0/12",
  ]);
  const claims = lists.flatMap((NO_PROXY) =>
    networks.filter(([network]) => isNetworkDirect(network, NO_PROXY)).map(([, ...ends]) => ({ NO_PROXY, ends })),
  );
  const questions = claims.flatMap(({ NO_PROXY, ends }) =>
    ends.map((address) => ({ environment: { HTTPS_PROXY: "proxy:1", NO_PROXY }, url: `https://${address}/` })),
  );
  const answers = await askGoForProxies(questions);
  assert.ok(questions.length > 100);
  for (const [index, question] of questions.entries())
    assert.equal(answers[index]?.proxy, "", JSON.stringify(question));
});
