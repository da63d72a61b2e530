import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../agent/secret.ts";
import { parseWireguardDump, renderWireguardConfig } from "../../agent/tunnel/wireguard-config.ts";

const PRIVATE = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PUBLIC = "HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=";
const PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const OTHER = "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=";

test("a gateway's configuration has no endpoint, a satellite's has one and keeps alive", () => {
  const privateKey = new Secret(PRIVATE);
  const gateway = { privateKey, listenPort: 51820, peers: [{ publicKey: PEER, allowedIps: ["10.250.0.11/32"] }] };
  assert.equal(
    renderWireguardConfig(gateway),
    `[Interface]\nPrivateKey = ${PRIVATE}\nListenPort = 51820\n\n[Peer]\nPublicKey = ${PEER}\nAllowedIPs = 10.250.0.11/32\n`,
  );
  const peer = {
    publicKey: PUBLIC,
    allowedIps: ["10.100.0.0/16", "10.20.0.0/16"],
    endpoint: "198.51.100.5:51820",
    keepaliveSeconds: 15,
  };
  assert.equal(
    renderWireguardConfig({ privateKey, peers: [peer] }),
    `[Interface]\nPrivateKey = ${PRIVATE}\n\n[Peer]\nPublicKey = ${PUBLIC}\nAllowedIPs = 10.100.0.0/16, 10.20.0.0/16\nEndpoint = 198.51.100.5:51820\nPersistentKeepalive = 15\n`,
  );
});

test("a dump is read: with and without an endpoint, a handshake, a keepalive and addresses", () => {
  const lines = [
    [PRIVATE, PUBLIC, "51820", "off"],
    [PEER, "(none)", "203.0.113.10:41000", "10.250.16.0/24,10.250.0.11/32", "1767323045", "92", "4608", "off"],
    [OTHER, "(none)", "(none)", "(none)", "0", "0", "0", "15"],
  ];
  const text = `${lines.map((line) => line.join("\t")).join("\n")}\n`;
  const seen = parseWireguardDump(text);
  assert.deepEqual(
    { ...seen, peers: [...(seen?.peers.values() ?? [])] },
    {
      publicKey: PUBLIC,
      listenPort: 51820,
      peers: [
        {
          publicKey: PEER,
          endpoint: "203.0.113.10:41000",
          allowedIps: ["10.250.0.11/32", "10.250.16.0/24"],
          handshakeSeconds: 1_767_323_045,
          receivedBytes: 92,
          sentBytes: 4608,
        },
        { publicKey: OTHER, allowedIps: [], receivedBytes: 0, sentBytes: 0, keepaliveSeconds: 15 },
      ],
    },
  );
  assert.equal(parseWireguardDump("(none)\t(none)\t0\toff\n")?.publicKey, undefined);
  for (const bad of ["", "Unable to access interface", "a\tb\tc\td\te", "a\tb\t1\toff\nx\ty"])
    assert.equal(parseWireguardDump(bad), undefined, bad);
});
