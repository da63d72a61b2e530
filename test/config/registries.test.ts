import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleConfig } from "../fakes/samples.ts";

const registries = (yaml: string) => sampleConfig(`containerd: { registries: ${yaml} }`).containerd.registries;

test("a registry needs nothing but its name; a mirror needs its URL", () => {
  assert.deepEqual(
    registries('{ "registry.example.com:5000": { mirrors: [{ url: "https://mirror.example.com" }] } }'),
    {
      "registry.example.com:5000": {
        skipVerify: false,
        mirrors: [{ url: "https://mirror.example.com", skipVerify: false, overridePath: false, resolve: true }],
      },
    },
  );
  assert.deepEqual(Object.keys(registries("{ _default: {}, docker.io: {}, localhost: {} }")), [
    "_default",
    "docker.io",
    "localhost",
  ]);
});

const REFUSED: Readonly<Record<string, readonly [yaml: string, message: RegExp]>> = {
  "a name that leads out of containerd's folder": ["{ ../../root: {} }", /must be a registry's name as in an image's/],
  "a URL in place of a name": ['{ "https://docker.io": {} }', /must be a registry's name/],
  "a name with a path": ["{ docker.io/library: {} }", /must be a registry's name/],
  "a name in capitals, which no image's has": ["{ Docker.io: {} }", /must be a registry's name/],
  "a port that is none": ['{ "docker.io:0": {} }', /must be a registry's name/],
  "a password, since the file is for all to read": [
    '{ docker.io: { mirrors: [{ url: "https://me:secret@mirror.example.com" }] } }',
    /mirrors\.0\.url: must not hold a user or a password/,
  ],
  "a mirror without a URL": ["{ docker.io: { mirrors: [{}] } }", /mirrors\.0\.url/],
  "a mirror's name in place of its URL": [
    "{ docker.io: { mirrors: [{ url: mirror.example.com }] } }",
    /mirrors\.0\.url/,
  ],
  "another protocol": ['{ docker.io: { server: "ftp://docker.io" } }', /server/],
  "a relative path": ["{ docker.io: { ca: ca.pem } }", /ca: must be an absolute path/],
  "a certificate without its key": [
    '{ docker.io: { mirrors: [{ url: "https://m", clientCertificate: /c.pem }] } }',
    /clientCertificate and clientKey go together/,
  ],
  "a key that does not exist": ["{ docker.io: { mirror: x } }", /mirror/],
};
for (const [what, [yaml, message]] of Object.entries(REFUSED))
  test(`${what} is refused`, () => {
    assert.throws(
      () => registries(yaml),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "config-invalid");
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
