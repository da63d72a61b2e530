// A path of the configuration: absolute, since a daemon has no working folder of its own, and in one form, since paths are compared.
import { basename, normalize } from "node:path/posix";
import * as z from "zod";

/** What the last name of a folder of the agent's own begins with: `reset` removes what is in it. */
const OWN_NAME = "eks-satellite";

/** Schema of an absolute path: `//`, `/./` and a slash at the end are taken out, `..` is refused, since a link may lead elsewhere. */
export const absolutePath = () =>
  z
    .string()
    .regex(/^\//, "must be an absolute path")
    .refine((path) => !path.split("/").includes(".."), "must not have .. in it")
    .overwrite((path) => (path === "/" ? path : normalize(path).replace(/\/$/, "")));

/** Schema of a folder of the agent's own. */
export const ownFolder = () =>
  absolutePath().refine(
    (path) => basename(path).startsWith(OWN_NAME),
    `must be a folder of eks-satellite's own, whose name begins with ${OWN_NAME}, e.g. /data/${OWN_NAME}: reset empties it`,
  );
