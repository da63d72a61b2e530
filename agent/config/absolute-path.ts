// A path of the configuration: absolute, since a daemon has no working folder of its own.
import * as z from "zod";

/** Schema of an absolute path. */
export const absolutePath = () => z.string().regex(/^\//, "must be an absolute path");
