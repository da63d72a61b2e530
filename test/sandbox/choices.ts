// What a sandbox is made of: what the caller of `up` wants, what is there, defaults; and which of it does not go together.
import { hostArch, isForeign } from "./processor.ts";
import { type Choices, defaultKubernetes } from "./state.ts";

/** The choices that `up` has: those of its options, of the sandbox that is there, or the defaults. */
export function choose(options: Partial<Choices>, present: Partial<Choices> = {}): Choices {
  const machine = options.machine ?? present.machine ?? "nspawn";
  return {
    kubernetes: options.kubernetes ?? present.kubernetes ?? defaultKubernetes,
    containerd: options.containerd ?? present.containerd ?? "debian",
    machine,
    // Another machine than a virtual one has the host's processor.
    arch: options.arch ?? (machine === "vm" ? present.arch : undefined) ?? hostArch,
    debian: options.debian ?? present.debian ?? "bookworm",
    network: options.network ?? (options.lambda ? "vpc" : (present.network ?? "direct")),
    lambda: options.lambda ?? (options.network === undefined && present.lambda === true),
    docker: options.docker ?? present.docker ?? false,
  };
}

/** What a foreign processor needs, and what was never made for one. */
const foreignRules: readonly (readonly [
  holds: (wanted: Choices & { readonly services?: boolean }) => boolean,
  says: string,
])[] = [
  [({ arch }) => arch === "arm64", "needs a host of amd64"],
  [({ machine, lambda }) => machine === "vm" && !lambda, "needs --machine vm: a container has the host's processor"],
  [({ debian }) => debian === "bookworm", "needs --debian bookworm"],
  [({ containerd }) => containerd === "debian", "needs --containerd debian: no other is built for it"],
  [({ docker }) => !docker, "goes without --docker"],
  [({ services }) => services !== true, "goes without --services: kube-proxy's image has the host's programs"],
];

/** Refuses a machine of a foreign processor where the sandbox has none. @throws Error that names the option */
export function requireSupported(choices: Choices, options: { readonly services?: boolean } = {}): void {
  if (!isForeign(choices.arch)) return;
  for (const [holds, says] of foreignRules)
    if (!holds({ ...choices, ...options })) throw new Error(`--arch ${choices.arch} on a host of ${hostArch} ${says}`);
}
