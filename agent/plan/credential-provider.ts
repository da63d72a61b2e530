// Credentials for pulls from ECR: kubelet runs ecr-credential-provider, which reads the short-lived keys of this node.
import { PARTITIONS } from "../config/partitions.ts";
import type { Config } from "../config/schema.ts";

/** Registries of ECR in every partition, as kubelet's image globs: those of accounts, with and without FIPS and dual stack, and the public one. */
const ECR_IMAGES = [
  ...new Set(PARTITIONS.map(({ dnsSuffix }) => dnsSuffix).flatMap((suffix) => registries(".ecr", suffix))),
  ...new Set(PARTITIONS.flatMap(({ dualStackRegistrySuffix: suffix }) => (suffix ? registries("-ecr", suffix) : []))),
  "public.ecr.aws",
  "ecr-public.aws.com",
];

function registries(service: string, suffix: string): readonly string[] {
  return [service, `${service}-fips`].map((name) => `*.dkr${name}.*.${suffix}`);
}

/** ECR's tokens live 12 hours; half of that spares AWS and never hands out a stale one. */
const CACHE_DURATION = "6h0m0s";

/** The environment of ecr-credential-provider. */
export function credentialProviderEnvironment({ cluster }: Config, awsCredentialsFile: string) {
  return {
    AWS_SHARED_CREDENTIALS_FILE: awsCredentialsFile,
    AWS_REGION: cluster.region,
    // No instance metadata service answers outside AWS: without this each pull would wait for it.
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

/** Renders kubelet's CredentialProviderConfig. */
export function renderCredentialProviderConfig(config: Config, awsCredentialsFile: string): string {
  const name = config.imageCredentialProvider.path.split("/").at(-1);
  const document = {
    apiVersion: "kubelet.config.k8s.io/v1",
    kind: "CredentialProviderConfig",
    providers: [
      {
        name,
        apiVersion: "credentialprovider.kubelet.k8s.io/v1",
        matchImages: ECR_IMAGES,
        defaultCacheDuration: CACHE_DURATION,
        env: Object.entries(credentialProviderEnvironment(config, awsCredentialsFile)).map(([key, value]) => ({
          name: key,
          value,
        })),
      },
    ],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
