// Sandboxes for test files that run side by side: each file has one to itself, and leaves it up for the next.
import { createServer } from "node:net";

/** The name of a sandbox of this kind that no other living process has; it is this process's until that ends. */
export async function claimSandbox(kind: "e2e" | "vpc" = "e2e"): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = `${kind}-${number}-sandbox`;
    if (await claim(name)) return name;
  }
}

/** An abstract socket (unix(7)) is the lock: the kernel gives it back with the process, however that ends. */
function claim(name: string): Promise<boolean> {
  const lock = createServer().unref();
  return new Promise((resolve, reject) => {
    lock.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(false) : reject(error),
    );
    lock.listen({ path: `\0eks-satellite/${name}`, exclusive: true }, () => resolve(true));
  });
}
