// A path as the configuration takes it: absolute, since a daemon has no folder that it works in.
import * as z from "zod";

/** Schema of an absolute path. */
export const absolutePath = () => z.string().regex(/^\//, "must be an absolute path");
