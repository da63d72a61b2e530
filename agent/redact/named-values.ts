// Values whose name says that they are secret: `password=…`, `"token": "…"`, `--api-key …`, `{name: DB_PASSWORD, value: …}`.
import type { Pattern } from "./redaction.ts";

/** The ends of names of keys, variables, options and headers whose values are secret. */
const SECRET_NAME =
  "(?:secret|secret[_-]?(?:access[_-]?)?key|passw(?:or)?d|pswd|passphrase|(?<![a-z])pass|(?<![a-z])pw|pwd|token|credential|(?:api|private|account|encryption|signing|master|ssh|auth)[_-]?key|client-key-data|signature|authorization|cookie|(?<![a-z])auth|(?<![a-z])dsn|(?<![a-z])sig|connection[_-]?string)";
const SECRET_KEY = new RegExp(`${SECRET_NAME}$`, "i");

/** Any number of backslashes that JSON in JSON in JSON may need. */
const ESCAPES = "\\\\{0,8}";
/**
 * A value in quotes behind so many backslashes, as JSON in JSON has them: in its own escapes there are more. It goes to the line's end
 * where it has none.
 */
const quotedBehind = (backslashes: number) => {
  const end = `(?<!\\\\)(?:\\\\{${2 * (backslashes + 1)}})*\\\\{${backslashes}}"`;
  return `\\\\{${backslashes}}"(?:(?!${end}).)*(?:${end}|$)`;
};
/** A quoted value; what is joined to it belongs to it, as in a shell. */
const QUOTED = `(?:${[1, 3, 7].map(quotedBehind).join("|")}|"(?:[^"\\\\]|\\\\.)*(?:"|\\\\?$)|'[^']*(?:'|$))[^\\s,;&}\\])"'\\\\]{0,1024}`;
/** The next name of a list of names and values. */
const NEXT_NAME = "[ \\t]{0,8}[\"']?[A-Za-z_][\\w.-]{0,63}[\"']?[ \\t]{0,2}[=:]";
/** What an earlier pattern left. */
const MARK = "\\[redacted: [^\\]]{1,200}\\]";
/** A character of a value without quotes: a separator ends it where another name follows, and so does the end of a text around it. */
const CHARACTER = `(?:(?![,;&]${NEXT_NAME})[^\\s"'\\\\]|\\\\(?!["'nrtu\\\\]))`;
const BARE = `(?:${MARK}|[^\\s"'\\\\…])(?:${MARK}|${CHARACTER})*`;
/** After a colon, brackets and braces begin a document. */
const BARE_AFTER_COLON = `(?![{[(|>](?!redacted: ))${BARE}`;
const EQUALS = "[ \\t]{0,8}(?::=|=>|=)[ \\t]{0,8}";
const COLON = "[ \\t]{0,8}:[ \\t]{0,8}";
const QUOTED_SECRET_NAME = `${SECRET_NAME}${ESCAPES}["']?`;
const NAMED = `${QUOTED_SECRET_NAME}(?:${EQUALS}|${COLON})`;
/** A variable of an environment: its value may hold blanks, and goes on to the next variable. */
const SECRET_VARIABLE =
  "(?<![\\w-])(?=[A-Z])[A-Z0-9_]{0,64}(?:SECRET|SECRET_?(?:ACCESS_?)?KEY|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|TOKEN|CREDENTIAL|(?:API|PRIVATE|ACCOUNT|ENCRYPTION|SIGNING|MASTER|SSH|AUTH)_?KEY|AUTH|DSN)=";
const TO_NEXT_NAME = `(?:(?![ \\t]{1,8}[A-Za-z_][\\w.-]{0,63}=|[ \\t](?:→|->|⏎))[^"'\\\\\\r\\n])*`;

const QUOTED_NAME = `${ESCAPES}["']?(?:name|key)${ESCAPES}["']?[ \\t]{0,8}[:=][ \\t]{0,8}${ESCAPES}["']?[\\w./-]{0,128}${SECRET_NAME}${ESCAPES}["']?`;
const QUOTED_VALUE_NAME = `${ESCAPES}["']?value${ESCAPES}["']?[ \\t]{0,8}[:=][ \\t]{0,8}`;
const ANY_VALUE = `(?:${QUOTED}|[^\\s,}\\]]{1,4096})`;

/** In this order: the widest first. */
export const NAMED_VALUES: readonly Pattern[] = [
  // kubelet up to 1.33 logs the containers of a pod as Go prints them. Any value may be a secret.
  { name: "value", regex: /(?<keep>\bEnvVar\{Name:[^,{}]{0,256},Value:)(?:(?!,ValueFrom:).)+/g },
  {
    name: "value",
    regex: new RegExp(`(?<keep>${QUOTED_NAME}[ \\t]{0,8},[ \\t]{0,8}${QUOTED_VALUE_NAME})${ANY_VALUE}`, "gi"),
  },
  {
    name: "value",
    regex: new RegExp(`(?<keep>${QUOTED_VALUE_NAME})${ANY_VALUE}(?<tail>[ \\t]{0,8},[ \\t]{0,8}${QUOTED_NAME})`, "gi"),
  },
  // A header to its end: a cookie has several parts, and a scheme stands before its secret.
  {
    name: "value",
    regex: /(?<keep>\b(?:set-)?cookie["']?[ \t]{0,8}[:=][ \t]{0,8})(?=[^\s"'\\;]{1,4096}=)[^"'\\]{1,16384}/gi,
  },
  {
    name: "value",
    regex:
      /(?<keep>\bauthorization\\{0,8}["']?[ \t]{0,8}[:=][ \t]{0,8}\\{0,8}["']?)(?:Digest|AWS4-HMAC-SHA256|NTLM|Negotiate|OAuth)[ \t].{1,16384}/gi,
  },
  {
    name: "value",
    regex:
      /(?<keep>\bauthorization\\{0,8}["']?[ \t]{0,8}[:=][ \t]{0,8}\\{0,8}["']?)[A-Za-z][\w-]{1,30}[ \t]{1,8}(?!\[redacted: )[^\s"'\\,;]{4,16384}/gi,
  },
  { name: "value", regex: new RegExp(`(?<keep>${NAMED})${QUOTED}`, "gi") },
  { name: "value", regex: new RegExp(`(?<keep>${SECRET_VARIABLE})(?!${MARK})[^\\s"'\\\\…]${TO_NEXT_NAME}`, "g") },
  {
    name: "value",
    regex: new RegExp(
      `(?<keep>^[ \\t]{0,64}(?:- |export )?["']?[\\w.-]{0,64}${NAMED})(?!${MARK})[^\\s"'\\\\…{[(|>]${TO_NEXT_NAME}`,
      "gi",
    ),
  },
  { name: "value", regex: new RegExp(`(?<keep>${QUOTED_SECRET_NAME}${EQUALS})${BARE}`, "gi") },
  { name: "value", regex: new RegExp(`(?<keep>${QUOTED_SECRET_NAME}${COLON})${BARE_AFTER_COLON}`, "gi") },
  // Options of programs.
  {
    name: "value",
    regex: new RegExp(
      `(?<keep>(?<![\\w-])--?[\\w-]{0,64}${SECRET_NAME}[ \\t]{1,8})(?:${QUOTED}|[^\\s"'-][^\\s"']{0,4096})`,
      "gi",
    ),
  },
  {
    name: "value",
    regex:
      /(?<keep>(?<![\w-])(?:-u|-U|--user|--proxy-user)[ \t=]{1,8})(?:"[^"]{0,4096}:[^"]{0,4096}"|'[^']{0,4096}:[^']{0,4096}'|[^\s:"']{1,256}:\S{1,4096})/g,
  },
  {
    name: "value",
    regex: new RegExp(`(?<keep>["']--?[\\w-]{0,64}${SECRET_NAME}${ESCAPES}["'],[ \\t]{0,8})${ANY_VALUE}`, "gi"),
  },
  { name: "value", regex: /(?<keep>\b(?:login\b|sshpass)[^|;&]{0,200}?[ \t]-p[ \t]{1,8})[^\s"']{1,4096}/g },
  { name: "value", regex: new RegExp(`(?<keep><[\\w:.-]{0,64}${SECRET_NAME}>)[^<]{1,4096}(?=<)`, "gi") },
  // netrc(5), and "password hunter2" in a sentence.
  { name: "value", regex: /(?<keep>\b(?:login|account)[ \t]{1,8}\S{1,256}[ \t]{1,8}password[ \t]{1,8})\S{1,4096}/gi },
  { name: "value", regex: /(?<keep>^[ \t]{0,64}(?:password|passwd)[ \t]{1,8})\S{1,4096}(?=[ \t]*$)/gi },
  {
    name: "value",
    regex:
      /(?<keep>\bpass(?:word|wd|phrase)[ \t]{1,8}(?:is[ \t]{1,8}|of[ \t]{1,8})?["'`]?)(?=[^\s"'`]{0,256}\d)[^\s"'`]{6,4096}/gi,
  },
];

/** Whether the name of a key says that its value is secret. */
export function isSecretName(name: string): boolean {
  return SECRET_KEY.test(name);
}
