// The section of the configuration that says where containerd is, and what is added to its configuration.
import * as z from "zod";
import { absolutePath as path } from "./absolute-path.ts";
import { registriesSchema } from "./registry-schema.ts";

/** The container runtime. */
export const containerdSchema = z.strictObject({
  configFile: path()
    .default("/etc/containerd/config.toml")
    .describe("containerd's configuration; the agent merges its keys into it and keeps the rest."),
  socket: path().default("/run/containerd/containerd.sock").describe("containerd's socket."),
  sandboxImage: z
    .string()
    .min(1)
    .optional()
    .describe("Image of the pause container. Default: the one already configured, else registry.k8s.io/pause:3.10."),
  restartWhenHung: z
    .boolean()
    .default(true)
    .describe("Restart a containerd that runs but has not answered for 3 minutes; again every 15 minutes at most."),
  registries: registriesSchema
    .default({})
    .describe(
      "Where images come from, by the registry in their name: mirrors, another server, a certificate authority. Passwords belong into imagePullSecrets.",
    ),
  config: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("Extra containerd configuration, merged over the agent's."),
});
