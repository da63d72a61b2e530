// A kubeconfig with one more cluster in it, as `aws eks update-kubeconfig` leaves it: what else is in the file stays, comments too.
import { type Document, isMap, isSeq } from "yaml";
import { parseYaml } from "../../config/load.ts";
import { SatelliteError } from "../../errors.ts";

export interface KubeconfigEntry {
  /** Names the cluster and the user; the context too, unless it has an alias. */
  readonly arn: string;
  readonly alias?: string | undefined;
  readonly cluster: string;
  readonly region: string;
  readonly profile?: string | undefined;
  readonly endpoint: string;
  /** PEM, in base64. */
  readonly caData: string;
}

const EMPTY = "apiVersion: v1\nkind: Config\npreferences: {}\n";

/** Adds the cluster, or puts it in the place of the one of its name. @throws kubeconfig-unusable; the text is unchanged then */
export function mergeKubeconfig(text: string | undefined, file: string, entry: KubeconfigEntry): string {
  const document = readDocument(text === undefined || text.trim() === "" ? EMPTY : text, file);
  const { arn, alias = arn, endpoint, caData } = entry;
  putNamed(document, file, "clusters", {
    name: arn,
    cluster: { server: endpoint, "certificate-authority-data": caData },
  });
  putNamed(document, file, "contexts", { name: alias, context: { cluster: arn, user: arn } });
  putNamed(document, file, "users", { name: arn, user: { exec: renderExec(entry) } });
  document.set("current-context", alias);
  return document.toString({ lineWidth: 0 });
}

/** kubectl runs it for a token, each time that the one before has ended. */
function renderExec({ cluster, region, profile }: KubeconfigEntry) {
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "eks-satellite",
    args: [
      ...["token", "--cluster", cluster, "--region", region],
      ...(profile === undefined ? [] : ["--profile", profile]),
    ],
    interactiveMode: "Never",
    installHint: "eks-satellite must be in PATH: kubectl asks it for a token.",
  };
}

function readDocument(text: string, file: string): Document {
  try {
    const { document } = parseYaml(text, file);
    if (isMap(document.contents)) return document;
  } catch (cause) {
    throw unusable(file, "it is not YAML", cause);
  }
  throw unusable(file, "it is no table");
}

type Named = { readonly name: string } & Readonly<Record<string, unknown>>;

function putNamed(document: Document, file: string, key: string, item: Named): void {
  const list = document.get(key);
  if (list === undefined || list === null) {
    document.set(key, document.createNode([item]));
    return;
  }
  if (!isSeq(list)) throw unusable(file, `${key} is no list`);
  const node = document.createNode(item);
  const index = list.items.findIndex((each) => isMap(each) && each.get("name") === item.name);
  if (index >= 0) list.items[index] = node;
  else list.items.push(node);
}

function unusable(file: string, problem: string, cause?: unknown): SatelliteError {
  return new SatelliteError("kubeconfig-unusable", `${file} cannot be changed: ${problem}`, {
    hint: "Correct it, or write another file: --output FILE.",
    ...(cause === undefined ? {} : { cause }),
  });
}
