// What the installers emit.

/** Programs that the node needs were installed, replaced or restored: the next round sees them. */
export type InstallEvent = { readonly kind: "programs-changed" };
