// The section of the configuration that says where a registry's images come from. It becomes containerd's hosts.toml.
import * as z from "zod";
import { absolutePath as path } from "./absolute-path.ts";

/** A registry as image names have it, with its port; `_default` is containerd's name for every registry without its own file. */
const REGISTRY_HOST = /^(_default|[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?)$/;

const url = () => z.url({ protocol: /^https?$/ }).refine(hasNoSecret, "must not hold a user or a password");
const ca = () => path().optional().describe("Certificate authority of its certificate (PEM), beside the system's own.");
const skipVerify = () =>
  z
    .boolean()
    .default(false)
    .describe("Whether its certificate is not verified: then anyone on the network path can substitute images.");

const mirrorSchema = z
  .strictObject({
    url: url().describe("Where it is, e.g. https://mirror.example.com."),
    ca: ca(),
    clientCertificate: path().optional().describe("Client certificate (PEM) that it asks for."),
    clientKey: path().optional().describe("The client certificate's private key (PEM)."),
    skipVerify: skipVerify(),
    overridePath: z
      .boolean()
      .default(false)
      .describe(
        "Whether the URL's path is already the API's root, so that /v2 is not appended, as Harbor's and Artifactory's proxies need.",
      ),
    resolve: z
      .boolean()
      .default(true)
      .describe(
        "Whether it resolves tags. false: it is asked only for content by digest, so that it cannot substitute an image.",
      ),
  })
  .refine(({ clientCertificate, clientKey }) => (clientCertificate === undefined) === (clientKey === undefined), {
    message: "clientCertificate and clientKey go together",
  });

const registrySchema = z.strictObject({
  server: url()
    .optional()
    .describe("Where the registry itself is, asked after the mirrors. Default: https and its name."),
  ca: ca(),
  skipVerify: skipVerify(),
  mirrors: z.array(mirrorSchema).default([]).describe("Asked before it, in this order."),
});

export const registriesSchema = z.record(
  z
    .string()
    .regex(REGISTRY_HOST, "must be a registry's name as in an image's, such as docker.io or registry.example.com:5000"),
  registrySchema,
);

export type Registries = z.infer<typeof registriesSchema>;
export type Registry = Registries[string];

/** A URL of the configuration appears in messages, and in a file that every user can read. */
function hasNoSecret(text: string): boolean {
  const { username, password } = URL.parse(text) ?? {};
  return !username && !password;
}
