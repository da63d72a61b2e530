// When a file system is too full for a node.
import type { FileSystemSpace } from "../host/files/space.ts";

/** kubelet's own limits (`evictionHard` of its configuration): below them it evicts pods. */
const MIN_SPACE_SHARE = 0.1;
const MIN_INODE_SHARE = 0.05;

/** What a file system lacks, or undefined when it has enough of both; a file system that counts no inodes never lacks them. */
export function shortageOf(space: FileSystemSpace): "space" | "inodes" | undefined {
  if (space.availableBytes < space.totalBytes * MIN_SPACE_SHARE) return "space";
  return space.freeInodes < space.totalInodes * MIN_INODE_SHARE ? "inodes" : undefined;
}
