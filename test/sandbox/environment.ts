// What the sandbox's own processes see of the caller's environment: almost nothing.
// Proxies, CA bundles and AWS settings of the host must not leak into a cluster that has its own.

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A minimal environment plus `extra`. */
export function cleanEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: searchPath, HOME: "/root", LANG: "C.UTF-8", TERM: process.env.TERM ?? "dumb", ...extra };
}

/** Options of execa for a command of the sandbox: clean environment, output as one string. */
export function clean(extra: Readonly<Record<string, string>> = {}) {
  return { env: cleanEnvironment(extra), extendEnv: false } as const;
}
