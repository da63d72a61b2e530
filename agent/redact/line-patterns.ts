// Secrets that are known by their own form: tokens of known kinds, keys of AWS, long random text.
import { WITHOUT_SCHEME } from "./addresses.ts";
import { BASE64_RUN, isRandom } from "./random-text.ts";
import type { Pattern } from "./redaction.ts";

/** How the tokens of services begin that machines like this one use. */
const TOKEN_BEGINNINGS = [
  "gh[opsur]_",
  "github_pat_",
  "gl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent)-",
  "hf_",
  "nvapi-",
  "hv[sbr]\\.",
  "xox[a-z]-",
  "xapp-",
  "sk-",
  "[sr]k_(?:live|test)_",
  "whsec_",
  "npm_",
  "pypi-",
  "dckr_[op]at_",
  "do[opr]_v1_",
  "shpat_",
  "tskey-",
  "gsk_",
  "r8_",
  "AIza",
  "ya29\\.",
  "SG\\.",
  "secret_",
  "AGE-SECRET-KEY-",
];

/** What is a secret by its form alone; these give the best names. */
export const KNOWN_TOKENS: readonly Pattern[] = [
  { name: "EKS token", regex: /k8s-aws-v1\.[\w-]{1,16384}/g },
  { name: "JSON web token", regex: /(?<![\w-])eyJ[\w-]{8,16384}\.[\w-]{8,16384}(?:\.[\w-]{0,16384}){0,3}/g },
  {
    name: "signature",
    regex: /(?<keep>X-Amz-(?:Signature|Security-Token|Credential)(?:=|%3D|\\u003d))[^&\s"'\\]{1,16384}/gi,
  },
  {
    name: "secret access key",
    regex: /(?<keep>\bA[KS]IA[A-Z0-9]{12,28}[\s:,;|/"'=]{1,8})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
  },
  { name: "access key", regex: /\b(?<keep>A[KS]IA)[A-Z0-9]{8,124}(?<tail>[A-Z0-9]{4})\b/g },
  {
    name: "token",
    regex: new RegExp(
      `(?<![A-Za-z0-9])(?:${TOKEN_BEGINNINGS.join("|")})(?=[\\w.-]{0,16384}[0-9A-Z])[\\w.-]{10,16384}`,
      "g",
    ),
  },
  { name: "webhook", regex: /(?<keep>\bhooks\.slack\.com\/services\/)[\w/]{10,256}/g },
];

/** What is left when names have been looked at. */
export const ANONYMOUS_VALUES: readonly Pattern[] = [
  { name: "value", regex: /(?<keep>\b(?:Bearer|Basic)\s{1,8})[A-Za-z0-9._~+/=-]{8,16384}/gi },
  { name: "password", regex: WITHOUT_SCHEME },
  { name: "random text", regex: BASE64_RUN, isSecret: isRandom },
];
