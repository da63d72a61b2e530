// Rendered by scripts/render-release-keys.ts from packaging/release-keys/allowed_signers.

/** The keys that sign releases, in the format of ssh-keygen(1), ALLOWED SIGNERS. */
export const RELEASE_KEYS: readonly string[] = [];
