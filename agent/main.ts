// The program of a node's machine. The daemon and the other commands lie in a file each: neither loads what it never runs.
if (process.argv[2] === "run") await import("./programs/daemon.ts");
else await import("./programs/commands.ts");
