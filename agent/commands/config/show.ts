// `eks-satellite config show`: the keys as YAML with a comment each, or as JSON; secrets are hidden in both.
import { isDeepStrictEqual } from "node:util";
import { stringify } from "yaml";
import { readKnownSecrets } from "../../bundle/known-secrets.ts";
import { readConfigInForce } from "../../config/in-force.ts";
import { LAST_GOOD_CONFIG_PATH, loadConfig, parseYaml } from "../../config/load.ts";
import { readNodeRecord } from "../../config/node-record.ts";
import type { Config } from "../../config/schema.ts";
import { describe } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { createRedactor, type Redactor } from "../../redact/redactor.ts";
import type { Print } from "../context.ts";
import type { OutputFormat } from "../options.ts";
import { isDefault, type Key, readKeys } from "./keys.ts";

export interface ShowOptions {
  readonly config: string;
  readonly effective: boolean;
  readonly output: OutputFormat;
}

interface Shown {
  readonly file: string;
  readonly config: Config;
  /** Why the file that was named is not in force. */
  readonly notice?: string;
}

/** Prints the keys. @throws config-missing, config-syntax, config-invalid, where nothing else is in force */
export async function showCommand(
  host: Host,
  options: ShowOptions,
  { print, printError }: { readonly print: Print; readonly printError: Print },
): Promise<void> {
  const { file, config, notice } = await chooseFile(host, options);
  const text = (await host.files.read(file)) ?? "";
  const record = await readNodeRecord(host, config.stateFolder).catch(() => undefined); // Without root it cannot be read.
  const isNameKept = record !== undefined && record.name !== host.hostname.toLowerCase();
  const keys = readKeys(config, { text, ...parseYaml(text, file), isNameKept });
  const redactor = createRedactor(await readKnownSecrets(host, config, config));
  const shown = keys
    .filter((key) => options.effective || !isDefault(key))
    .map((key) => ({ ...key, value: withoutSecrets(key, redactor) }));
  if (notice !== undefined) printError(`${notice}\n`);
  if (options.output === "text") return print(`# ${file}\n${renderKeys(shown)}`);
  const values = shown.map(({ path, value, from }) => ({ key: path.join("."), value, from }));
  print(`${JSON.stringify({ file, ...(notice === undefined ? {} : { notice }), values }, undefined, 2)}\n`);
}

/** The name of a key may say that its value is a secret. */
function withoutSecrets({ path, value }: Key, redactor: Redactor): unknown {
  const name = path.at(-1) ?? "";
  return (redactor.tree({ [name]: value }) as Readonly<Record<string, unknown>>)[name];
}

/** The file itself, or with `--effective` the last good copy while that is in force. */
async function chooseFile(host: Host, { config: file, effective }: ShowOptions): Promise<Shown> {
  if (!effective) return { file, config: await loadConfig(host, file) };
  const [own, inForce] = await Promise.all([
    loadConfig(host, file).catch((error: unknown) => error),
    readConfigInForce(host, file),
  ]);
  if (inForce === undefined) throw own;
  if (isDeepStrictEqual(own, inForce)) return { file, config: inForce };
  const why = own instanceof Error ? describe(own).message : "it names another node, and is on trial";
  return { file: LAST_GOOD_CONFIG_PATH, config: inForce, notice: `${file} is not in force: ${why}` };
}

/** Renders keys as YAML, each with a comment that says where its value comes from. */
export function renderKeys(keys: readonly Key[]): string {
  let before: readonly string[] = [];
  const lines = keys.flatMap(({ path, value, from }) => {
    const table = path.slice(0, -1);
    const shared = table.findIndex((name, depth) => name !== before[depth]);
    const fresh =
      shared === -1 ? [] : table.slice(shared).map((name, depth) => `${indent(shared + depth)}${nameOf(name)}:`);
    before = table;
    return [...fresh, ...renderValue(path, value).map((line, index) => (index === 0 ? `${line}  # ${from}` : line))];
  });
  return `${lines.join("\n")}\n`;
}

function renderValue(path: readonly string[], value: unknown): readonly string[] {
  const text = stringify({ [path.at(-1) ?? ""]: value }, { lineWidth: 0 }).trimEnd();
  return text.split("\n").map((line) => `${indent(path.length - 1)}${line}`);
}

function nameOf(name: string): string {
  return stringify(name).trimEnd();
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}
