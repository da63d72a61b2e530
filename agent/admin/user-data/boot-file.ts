// What user data puts onto the machine before the installer runs.

/** A file of root's. */
export interface BootFile {
  readonly path: string;
  /** As chmod(1) takes it, e.g. `0600`. */
  readonly mode: string;
  /** Lines, each with its end. */
  readonly content: string;
}
