import assert from "node:assert/strict";
import { test } from "node:test";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import type { Registries } from "../../agent/config/registry-schema.ts";
import { parseToml } from "../../agent/facts/containerd.ts";
import { renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { planNode } from "../../agent/plan/node-plan.ts";
import {
  findConflict,
  hostsPath,
  isLookedFor,
  planConfigPath,
  readRegistryTable,
  renderHosts,
} from "../../agent/plan/registries.ts";
import { containerdFile, sampleConfig, sampleMachine } from "../fakes/samples.ts";

const OURS = "/etc/containerd/certs.d";
const of = (yaml: string): Registries => sampleConfig(`containerd: { registries: ${yaml} }`).containerd.registries;
const DOCKER_HUB = of('{ docker.io: { mirrors: [{ url: "https://m" }] } }');

test("a registry's file has its server, then its mirrors in their order, as containerd reads them", () => {
  const registry = of(`
    { docker.io: {
        server: "https://registry-1.docker.io",
        mirrors: [
          { url: "https://near.example.com", ca: /etc/ssl/near.pem, clientCertificate: /c.pem, clientKey: /k.pem },
          { url: "http://10.0.0.5:5000", resolve: false },
          { url: "https://harbor.example.com/v2/hub", overridePath: true, skipVerify: true } ] } }`)["docker.io"];
  assert.ok(registry !== undefined);
  assert.equal(
    renderHosts(registry),
    `# Kept by eks-satellite: edits are put back. Change /etc/eks-satellite/config.yaml instead.
server = "https://registry-1.docker.io"

[host."https://near.example.com"]
capabilities = [ "pull", "resolve" ]
ca = "/etc/ssl/near.pem"
client = [ [ "/c.pem", "/k.pem" ] ]

[host."http://10.0.0.5:5000"]
capabilities = [ "pull" ]

[host."https://harbor.example.com/v2/hub"]
capabilities = [ "pull", "resolve" ]
skip_verify = true
override_path = true
`,
  );
});

test("a registry with a certificate authority of its own, and nothing else", () => {
  const registry = of('{ "registry.example.com:5000": { ca: /etc/ssl/own.pem } }')["registry.example.com:5000"];
  assert.ok(registry !== undefined);
  assert.deepEqual({ ...parseToml(renderHosts(registry)) }, { ca: "/etc/ssl/own.pem" });
});

test("each has a file of its own, with or without a containerd that can be read", () => {
  const config = sampleConfig('containerd: { registries: { docker.io: {}, "r.example.com:5000": {} } }');
  const facts = { machine: sampleMachine(), cluster: undefined, kubeletVersion: undefined };
  for (const containerd of [undefined, { version: "1.7.27", config: { kind: "absent" } as const }]) {
    const { resources } = planNode(config, { ...facts, containerd });
    const paths = resources.flatMap((resource) => (resource.kind === "file" ? [resource.path] : []));
    for (const name of ["docker.io", "r.example.com:5000"]) assert.ok(paths.includes(hostsPath(name)));
  }
});

const LIST = `${OURS}:/etc/docker/certs.d`;

test("one folder is looked in: ours, also in place of the default that containerd 2.2 does not find", () => {
  for (const version of ["1.6.20", "2.2.0"]) {
    assert.deepEqual(planConfigPath({}, {}, version), {});
    assert.deepEqual(planConfigPath({ config_path: "/mine" }, {}, version), {});
    for (const there of [undefined, "", OURS, LIST])
      assert.deepEqual(planConfigPath({ config_path: there }, DOCKER_HUB, version), { config_path: OURS });
  }
});

test("containerd 1 looks in several folders: the user's stays, after ours", () => {
  assert.deepEqual(planConfigPath({ config_path: "/mine" }, DOCKER_HUB, "1.6.20"), { config_path: `${OURS}:/mine` });
  const there = `/mine:${OURS}/`;
  assert.deepEqual(planConfigPath({ config_path: there }, DOCKER_HUB, "1.7.27"), { config_path: there });
  assert.equal(findConflict({ config_path: there }, "1.7.27"), undefined);
});

test("containerd 2 looks in one: another folder of the user's is a conflict, and stays", () => {
  for (const there of ["/mine", `${OURS}:/mine`, `/mine:${OURS}`]) {
    assert.deepEqual(planConfigPath({ config_path: there }, DOCKER_HUB, "2.1.4"), {});
    assert.equal(findConflict({ config_path: there }, "2.1.4"), `config_path = "${there}"`);
  }
});

test("the older way of naming mirrors is a conflict, its passwords alone are none", () => {
  assert.equal(findConflict({}, "1.7.27"), undefined);
  assert.equal(findConflict({ configs: { "r.example.com": { auth: { username: "me" } } } }, "1.7.27"), undefined);
  assert.equal(
    findConflict(
      {
        mirrors: { "docker.io": { endpoint: ["https://m"] } },
        configs: { "r.example.com": { tls: { ca_file: "/c" } } },
      },
      "1.7.27",
    ),
    'mirrors."docker.io", configs."r.example.com".tls',
  );
});

const GENERATIONS = [
  ["1.6.20", 2, "io.containerd.grpc.v1.cri"],
  ["2.2.0", 3, "io.containerd.cri.v1.images"],
] as const;
for (const [version, file, plugin] of GENERATIONS) {
  const render = (text: string, registries = DOCKER_HUB, config = {}) =>
    renderContainerdConfig(
      { version, config: containerdFile(text) },
      { systemdCgroup: true, sandboxImage: undefined, config, gpu: gpuSchema.parse({}), registries },
    );
  const tableOf = (text: string) => readRegistryTable({ version, config: containerdFile(text) });

  test(`containerd ${version} learns where the files are, once, and not without any`, () => {
    const once = render(`version = ${file}\n`);
    assert.ok(isLookedFor(tableOf(once)));
    assert.equal(render(once), once);
    assert.ok(!isLookedFor(tableOf(render(`version = ${file}\n`, {}))));
    const chosen = { plugins: { [plugin]: { registry: { config_path: "/mine" } } } };
    assert.equal(
      tableOf(render(`version = ${file}\n`, DOCKER_HUB, chosen)).config_path,
      "/mine",
      "the user's word is the last",
    );
  });

  test(`a containerd ${version} with mirrors of the older way keeps them, since it would not start with both`, () => {
    const text = `version = ${file}\n[plugins."${plugin}".registry.mirrors."docker.io"]\nendpoint = ["https://old"]\n`;
    const rendered = tableOf(render(text));
    assert.equal(rendered.config_path, undefined);
    assert.ok(findConflict(rendered, version) !== undefined);
  });
}
