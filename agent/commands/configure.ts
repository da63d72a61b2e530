// `eks-satellite configure`: the least that a configuration needs, from arguments; what else is in the file stays, comments too.
import type { Document } from "yaml";
import { parseConfig, parseYaml } from "../config/load.ts";
import type { Host } from "../host/host.ts";

export interface ConfigureOptions {
  readonly config: string;
  readonly cluster?: string;
  readonly region?: string;
  readonly nodeName?: string;
  readonly roleArn?: string;
  /** Where the keys are on this machine; never the keys themselves. */
  readonly credentialsFile?: string;
  readonly dryRun: boolean;
}

/** Who runs the daemon reads it; it holds no secret. */
const MODE = 0o644;

const NEW_FILE = `# Configuration of eks-satellite. Every key with its default: config.example.yaml in /usr/share/doc/eks-satellite.
# A change is put in force by itself; eks-satellite status tells of a mistake.
`;

/** Writes the file when something in it changes, and says what. @throws config-syntax, config-invalid: the file is as it was */
export async function configureCommand(
  host: Host,
  options: ConfigureOptions,
  print: (text: string) => void,
): Promise<void> {
  const { config: file, dryRun } = options;
  const before = await host.files.read(file);
  const { document } = parseYaml(before ?? NEW_FILE, file);
  const changes: string[] = [];
  for (const [path, value] of settingsOf(options)) {
    const present: unknown = document.getIn(path);
    if (value === undefined || present === value) continue;
    setIn(document, path, value);
    changes.push(present === undefined ? `${path.join(".")}: ${value}` : `${path.join(".")}: ${present} → ${value}`);
  }
  const text = before !== undefined && changes.length === 0 ? before : document.toString();
  parseConfig(text, file, host.hostname);
  if (text === before) return print(`${file}: nothing to change\n`);
  if (!dryRun) {
    const status = await host.files.status(file);
    await host.files.write(file, text, { mode: status?.mode ?? MODE });
  }
  print(changes.map((change) => `${file}: ${change}\n`).join(""));
}

/** A table of which every key is commented out is null, and makes way. */
function setIn(document: Document, path: readonly string[], value: string): void {
  for (let length = 1; length < path.length; length += 1) {
    const table = path.slice(0, length);
    if (document.hasIn(table) && document.getIn(table) === null) document.setIn(table, document.createNode({}));
  }
  document.setIn(path, value);
}

function settingsOf(
  options: ConfigureOptions,
): readonly (readonly [path: readonly string[], value: string | undefined])[] {
  const { cluster, region, nodeName, roleArn, credentialsFile } = options;
  return [
    [["cluster", "name"], cluster],
    [["cluster", "region"], region],
    [["node", "name"], nodeName],
    [["credentials", "keysFile"], credentialsFile],
    [["credentials", "assumeRole", "arn"], roleArn],
  ];
}
