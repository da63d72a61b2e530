// The part of the configuration that says from where images of a registry come: what becomes a hosts.toml of containerd's.
import * as z from "zod";
import { absolutePath as path } from "./absolute-path.ts";

/** A registry's name in an image's, with its port; `_default` is containerd's word for every registry without a file of its own. */
const REGISTRY_HOST = /^(_default|[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[1-9]\d{0,4})?)$/;

const url = () => z.url({ protocol: /^https?$/ }).refine(hasNoSecret, "must not hold a user or a password");
const ca = () => path().optional().describe("Certificate authority of its certificate (PEM), beside the system's own.");
const skipVerify = () =>
  z
    .boolean()
    .default(false)
    .describe("Whether its certificate is taken unseen: whoever is on the way can give other images.");

const mirrorSchema = z
  .strictObject({
    url: url().describe("Where it is, e.g. https://mirror.example.com."),
    ca: ca(),
    clientCertificate: path().optional().describe("Certificate (PEM) that it wants to see."),
    clientKey: path().optional().describe("The key that belongs to it (PEM)."),
    skipVerify: skipVerify(),
    overridePath: z
      .boolean()
      .default(false)
      .describe(
        "Whether the URL's path is the whole of the API's root, without /v2, as Harbor's and Artifactory's proxies want.",
      ),
    resolve: z
      .boolean()
      .default(true)
      .describe(
        "Whether it is asked what a tag means; false: only for content by digest, so that it cannot give another image.",
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

/** A URL of the configuration is shown, and written to a file that all can read. */
function hasNoSecret(text: string): boolean {
  const { username, password } = URL.parse(text) ?? {};
  return !username && !password;
}
