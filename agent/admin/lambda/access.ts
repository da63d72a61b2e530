// Where Lambda Cloud is, and the key for it: from the environment or a file. No option takes the key itself, which `ps` and a shell's history would show.
import { isAbsolute, join, resolve } from "node:path";
import { readPrivateFile } from "../../credentials/private-file.ts";
import { hasCode, SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { Secret } from "../../secret.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How Lambda Cloud is reached. */
export interface LambdaAccess {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly key: Secret;
  /** In a message's words: the variable, or the file. */
  readonly keySource: string;
}

const DEFAULT_BASE_URL = "https://cloud.lambda.ai/api/v1";
const API_PATH = "/api/v1";
const KEY_VARIABLE = "LAMBDA_API_KEY";
const URL_VARIABLE = "LAMBDA_CLOUD_BASE_URL";
/** SkyPilot writes it, with a line `api_key = …`. */
const SKYPILOT_FILE = ".lambda_cloud/lambda_keys";
/** A key's characters go into a header. */
const KEY = /^[\x21-\x7e]{1,512}$/;
const ASSIGNMENT =
  /^[ \t]{0,64}(?:export[ \t]{1,8})?(?:api_key|LAMBDA_API_KEY)[ \t]{0,8}=[ \t]{0,8}(["']?)(.{1,600}?)\1[ \t]{0,64}$/m;

/** The file that the user names, then the variable, then SkyPilot's file. @throws lambda-key-missing, lambda-key-unreadable, lambda-url-invalid, credentials-exposed, credentials-foreign */
export async function readLambdaAccess(
  host: Pick<LaptopHost, "files" | "userId">,
  environment: Environment,
  keyFile: string | undefined,
): Promise<LambdaAccess> {
  const baseUrl = readBaseUrl(environment[URL_VARIABLE]);
  return { baseUrl, ...(await readKey(host, environment, keyFile)) };
}

async function readKey(
  host: Pick<LaptopHost, "files" | "userId">,
  environment: Environment,
  keyFile: string | undefined,
): Promise<Pick<LambdaAccess, "key" | "keySource">> {
  if (keyFile !== undefined) return readKeyFile(host, resolve(keyFile));
  const value = environment[KEY_VARIABLE]?.trim() ?? "";
  if (value !== "") return { key: checkKey(value, KEY_VARIABLE), keySource: KEY_VARIABLE };
  const { HOME = "" } = environment;
  const file = isAbsolute(HOME) ? join(HOME, SKYPILOT_FILE) : "";
  if (file !== "" && (await host.files.status(file)) !== undefined) return readKeyFile(host, file);
  throw new SatelliteError("lambda-key-missing", "there is no key for Lambda Cloud", {
    hint: `Make one at https://cloud.lambda.ai/api-keys, and give it by ${KEY_VARIABLE}, or in a file of mode 0600: --lambda-key-file FILE. ~/${SKYPILOT_FILE} is read too.`,
  });
}

async function readKeyFile(
  host: Pick<LaptopHost, "files" | "userId">,
  file: string,
): Promise<Pick<LambdaAccess, "key" | "keySource">> {
  const text = await readPrivateFile(host, file).catch((cause: unknown) => {
    if (!hasCode(cause, "credentials-missing")) throw cause;
    throw new SatelliteError("lambda-key-missing", `there is no file ${file}`, {
      hint: `Write the key there: install -m 0600 /dev/stdin ${file}.`,
      cause,
    });
  });
  const [, , assigned] = ASSIGNMENT.exec(text) ?? [];
  return { key: checkKey(assigned ?? text.trim(), file), keySource: file };
}

/** The value itself is in no message. */
function checkKey(value: string, source: string): Secret {
  if (KEY.test(value)) return new Secret(value);
  throw new SatelliteError("lambda-key-unreadable", `${source} holds no key of Lambda Cloud`, {
    hint: "A file has the key alone in it, or a line api_key = KEY as SkyPilot writes it.",
  });
}

function readBaseUrl(value: string | undefined): string {
  if (value === undefined || value.trim() === "") return DEFAULT_BASE_URL;
  const url = URL.parse(value.trim());
  const isPlain = url?.protocol === "https:" && `${url.username}${url.password}${url.search}${url.hash}` === "";
  if (!isPlain)
    throw new SatelliteError("lambda-url-invalid", `${URL_VARIABLE} is not the https URL of Lambda's API`, {
      hint: `${URL_VARIABLE}=${DEFAULT_BASE_URL}, or leave it out. The key goes nowhere without TLS.`,
    });
  const path = url.pathname.replace(/\/{1,16}$/, "") || API_PATH;
  return `${url.origin}${path}`;
}
