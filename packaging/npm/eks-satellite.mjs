#!/usr/bin/env node
// An older Node would end in a TypeError of the program's first lines: it is refused here, in words that it understands.
import process from "node:process";

const WANTED = [24, 5];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) await import("../lib/eks-satellite.mjs");
else {
  const hint = "Install a newer one (https://nodejs.org), or use the packages for Linux, which bring their own.";
  process.stderr.write(
    `ERROR eks-satellite needs Node.js ${WANTED.join(".")} or newer, and this is ${process.version} → ${hint} code=node-outdated\n`,
  );
  process.exitCode = 1;
}
