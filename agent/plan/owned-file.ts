// The first line of every text file that the agent owns whole, for the person who opens it in an editor.

export const OWNED_NOTICE =
  "# Kept by eks-satellite: edits are put back. Change /etc/eks-satellite/config.yaml instead.";

/** Renders lines under the notice that edits are undone. */
export function renderOwnedFile(lines: readonly string[]): string {
  return `${[OWNED_NOTICE, ...lines].join("\n")}\n`;
}
