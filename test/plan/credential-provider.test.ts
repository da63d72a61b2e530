import assert from "node:assert/strict";
import { matchesGlob } from "node:path";
import { test } from "node:test";
import { renderCredentialProviderConfig } from "../../agent/plan/credential-provider.ts";
import { sampleConfig } from "../fakes/samples.ts";

interface Provider {
  readonly name: string;
  readonly matchImages: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

function render(yaml = ""): Provider {
  const document = JSON.parse(renderCredentialProviderConfig(sampleConfig(yaml), "/run/keys"));
  assert.equal(document.kind, "CredentialProviderConfig");
  assert.equal(document.providers.length, 1);
  return document.providers[0];
}

test("the provider has the name of its program, which kubelet looks for in its folder", () => {
  assert.equal(render("imageCredentialProvider: { path: /opt/bin/my-provider }").name, "my-provider");
});

test("registries of ECR are matched in every partition, and no others", () => {
  const { matchImages } = render();
  const isMatched = (registry: string) => matchImages.some((glob) => matchesGlob(registry, glob));
  for (const registry of [
    "111122223333.dkr.ecr.us-west-2.amazonaws.com",
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    "111122223333.dkr-ecr.us-west-2.on.aws",
    "111122223333.dkr-ecr-fips.us-west-2.on.aws",
    "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
    "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu",
    "111122223333.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu",
    "111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov",
    "111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
    "111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
    "111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
    "public.ecr.aws",
    "ecr-public.aws.com",
  ])
    assert.ok(isMatched(registry), registry);
  for (const registry of [
    "docker.io",
    "registry.k8s.io",
    "111122223333.dkr-ecr.us-west-2.amazonaws.com",
    "dkr.ecr.us-west-2.amazonaws.com.example.org",
  ])
    assert.ok(!isMatched(registry), registry);
});

test("the provider reads this node's keys, and asks no metadata service", () => {
  assert.deepEqual(render().env, [
    { name: "AWS_SHARED_CREDENTIALS_FILE", value: "/run/keys" },
    { name: "AWS_REGION", value: "us-west-2" },
    { name: "AWS_EC2_METADATA_DISABLED", value: "true" },
  ]);
});
