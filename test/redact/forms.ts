// Forms in which secrets have been found in logs and files, each with what must be gone and what must stay.

const KEY_LINES = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", "VJTUt9Us8cKjMzEfYyjiWA4R4mB2", "Zx8="];
const pem = (kind: string, end = "\n") => [`-----BEGIN ${kind}-----`, ...KEY_LINES, `-----END ${kind}-----`].join(end);

/** The form, the text, what of it must be gone, and what must stay. */
export const FORMS: readonly (readonly [name: string, text: string, gone: readonly string[], stays: RegExp])[] = [
  [
    "a Go dump of a pod's environment",
    'E0102 03:04:05.000001 1 a.go:1] "Unhandled Error" err="container &Container{Name:app,Env:[]EnvVar{EnvVar{Name:DB_PASSWORD,Value:hunter2, and more,ValueFrom:nil,},EnvVar{Name:GREETING,Value:abc,ValueFrom:nil,},},} start failed in pod x_default(1): ErrImagePull"',
    ["hunter2", "and more", "Value:abc"],
    /Name:DB_PASSWORD.*Name:GREETING.*start failed in pod x_default\(1\): ErrImagePull/,
  ],
  [
    "a pair in JSON",
    '{"env":[{"name":"DB_PASSWORD","value":"hun,ter2"},{"name":"LANG","value":"C"}]}',
    ["hun,ter2"],
    /"LANG","value":"C"/,
  ],
  [
    "a pair in JSON in JSON",
    '{"a":"{\\"name\\":\\"DB_PASSWORD\\",\\"value\\":\\"hunter2\\"}"}',
    ["hunter2"],
    /DB_PASSWORD/,
  ],
  ["a pair in JSON, value first", '[{"value":"hunter2","name":"DB_PASSWORD"}]', ["hunter2"], /DB_PASSWORD/],
  [
    "a pair in YAML",
    "env:\n- name: DB_PASSWORD\n  value: hunter2 and more\n- name: LANG\n  value: C",
    ["hunter2", "and more"],
    /value: C$/,
  ],
  ["a pair in indented JSON", '  "name": "API_TOKEN",\n  "value": "hunter2"\n}', ["hunter2"], /API_TOKEN/],
  ...["EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "ENCRYPTED PRIVATE KEY"].map(
    (kind) =>
      [`a ${kind}`, `before\n${pem(kind)}\nafter`, KEY_LINES, /^before\n\[redacted: private key\]\nafter$/] as const,
  ),
  [
    "a private key with the journal's beginning of each line",
    `${pem("PRIVATE KEY").replaceAll(/^/gm, "2026-01-02T03:04:05.123456+00:00 gpu-1 helper[12]: ")}\n2026-01-02T03:04:06.1+00:00 gpu-1 x[1]: done`,
    KEY_LINES,
    /x\[1\]: done$/,
  ],
  [
    "a private key in syslog's lines, with another unit's in between",
    pem("PRIVATE KEY")
      .replaceAll(/^/gm, "Jan  2 03:04:05 gpu-1 helper: ")
      .replace("\n", "\nJan  2 03:04:05 gpu-1 sshd[7]: Accepted publickey for joe\n"),
    KEY_LINES,
    /Accepted publickey for joe/,
  ],
  [
    "a private key behind our mark of a line end",
    `kubelet: ${pem("RSA PRIVATE KEY", " ⏎ ")} ⏎ next`,
    KEY_LINES,
    /^kubelet: .* ⏎ next$/,
  ],
  [
    "a private key with escapes",
    JSON.stringify({ a: JSON.stringify({ key: pem("PRIVATE KEY") }) }),
    KEY_LINES,
    /^\{"a":/,
  ],
  [
    "a private key as bare base64",
    `key ${Buffer.from(pem("PRIVATE KEY")).toString("base64")} end`,
    ["LS0tLS1CRUdJTi"],
    /^key .* end$/,
  ],
  [
    "a private key as wrapped base64",
    `data:\n${Buffer.from(pem("PRIVATE KEY"))
      .toString("base64")
      .replaceAll(/(.{76})/g, "$1\n")}\nend: of it`,
    ["LS0tLS1CRUdJTi", "S0tLQ"],
    /^data:\n[\s\S]*end: of it$/,
  ],
  [
    "JSON with keys as base64",
    Buffer.from(JSON.stringify({ AccessKeyId: "x", SecretAccessKey: "hunter2" })).toString("base64"),
    ["eyJBY2Nlc3"],
    /./,
  ],
  ["a scheme of GitHub's", "Authorization: token ghp_0123456789abcdefABCD", ["ghp_0123"], /^Authorization: /],
  ["a scheme of Kerberos'", "> Authorization: Negotiate YIIGeAYGKwYBBQUCoIIG", ["YIIGeAYG"], /^> Authorization: /],
  [
    "a digest",
    'Authorization: Digest username="joe", response="6629fae49393a05397450978507c4ef1"',
    ["6629fae4"],
    /^Authorization: /,
  ],
  [
    "an unknown scheme, in JSON",
    '{"headers":{"Authorization":"Splunk abc.def-ghi","Accept":"text/plain"}}',
    ["abc.def-ghi"],
    /"Accept":"text\/plain"/,
  ],
  ["a second cookie", "Cookie: a=first-part; session=second-part", ["first-part", "second-part"], /^Cookie: /],
  ["a cookie that is set", "< Set-Cookie: session=first-part; Path=/; HttpOnly", ["first-part"], /^< Set-Cookie: /],
  ["a value with a comma", "password=abc,def;ghi next=1", ["abc", "def", "ghi"], /next=1$/],
  ["a list of values", "user=joe,password=hunter2,host=db", ["hunter2"], /^user=joe,.*,host=db$/],
  ["a query", "GET /?token=hunter2&user=joe", ["hunter2"], /&user=joe$/],
  ["a quote within a value", 'password="abc\\"def" user=joe', ["abc", "def"], /user=joe$/],
  ["a value joined to a quoted one", 'PASSWORD="abc"def user=joe', ["abc", "def"], /user=joe$/],
  ["a value in single quotes", "password='it is \"this\" one' user=joe", ["it is", "this", "one"], /user=joe$/],
  [
    "a variable with blanks",
    "Environment=DB_PASSWORD=correct horse battery",
    ["correct", "horse", "battery"],
    /^Environment=DB_PASSWORD=/,
  ],
  [
    "a line of YAML with blanks",
    "  password: correct horse battery",
    ["correct", "horse", "battery"],
    /^ {2}password: /,
  ],
  ["a value that begins with a bracket", "password=[{(hunter2", ["hunter2"], /^password=/],
  ["a value without an end", 'token="hunter2 and so on', ["hunter2", "so on"], /^token=/],
  ["an option", "mysql --password hunter2 --host db", ["hunter2"], /^mysql --password .* --host db$/],
  ["an option with an equals sign", "x --api-key=hunter2 --host db", ["hunter2"], /--host db$/],
  ["curl's user", "curl -u joe:hunter2 https://example.com/x", ["hunter2"], /https:\/\/example\.com\/x$/],
  [
    "curl's user in quotes",
    "curl --user 'joe:hunt er2' https://example.com/x",
    ["hunt", "er2"],
    /https:\/\/example\.com\/x$/,
  ],
  [
    "a netrc",
    "machine example.com login joe password hunter2",
    ["hunter2"],
    /^machine example\.com login joe password /,
  ],
  ["a netrc of several lines", "machine example.com\n  login joe\n  password hunter2", ["hunter2"], /login joe/],
  [
    "a sentence with a password",
    "denied for user joe with password hunter2.",
    ["hunter2"],
    /^denied for user joe with password /,
  ],
  [
    "an at sign in a proxy's password",
    "HTTPS_PROXY=http://user:p@ss@word@proxy:3128",
    ["p@ss", "ss@word"],
    /http:\/\/.*@proxy:3128$/,
  ],
  [
    "a slash in a proxy's password",
    "HTTPS_PROXY=http://user:pass/word-long@proxy:3128",
    ["pass/", "word-long"],
    /http:\/\/.*@proxy:3128$/,
  ],
  [
    "both in a proxy's password",
    "proxy http://user:p@ss/wo:rd@proxy:3128 refused",
    ["p@ss", "wo:rd"],
    /@proxy:3128 refused$/,
  ],
  ["a proxy without a scheme", "HTTPS_PROXY=user:hunter2@proxy:3128", ["hunter2"], /@proxy:3128$/],
  ["colours in a name", "pass\u001b[1mword\u001b[0m=hunter2", ["hunter2"], /^password=/],
  ["an invisible character in a name", "pass\u200bword=hunter2", ["hunter2"], /^password=/],
  ["an escaped equals sign", "password\\u003dhunter2 x", ["hunter2"], /^password/],
  ["a name in a query that is encoded twice", "next=%252Fa%253Ftoken%253Dhunter2%2526user%253Djoe", ["hunter2"], /joe/],
  ...[
    ["GitHub", "github_pat_11ABCDEFG0abcdefghij_KLMNOP"],
    ["Hugging Face", "hf_abcdefghijKLMNOPqrstuvwxyz012345"],
    ["NVIDIA", "nvapi-abcDEF0123456789_-abcdefghij"],
    ["Vault", "hvs.CAESIJabcdefghijklmnopqrstuvwxyz0"],
    ["Slack", "xoxb-123456789012-abcdefGHIJ"],
    ["GitLab", "glpat-abcdefGHIJ0123456789"],
    ["OpenAI", "sk-proj-abcdefGHIJ0123456789"],
    ["npm", "npm_abcdefghijklmnopqrstuvwxyz0123456789"],
  ].map(
    ([who = "", token = ""]) =>
      [`a token of ${who}'s alone`, `denied for ${token}: 403`, [token.slice(4, 20)], /^denied for .*: 403$/] as const,
  ),
  [
    "a secret key beside its id",
    "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY done",
    ["wJalrX", "IOSFODNN7"],
    /done$/,
  ],
  ["an element of XML", "<db><password>hunter2</password></db>", ["hunter2"], /^<db><password>.*<\/password><\/db>$/],
  [
    "a text of YAML",
    "db:\n  password: |\n    hunter2\n    and more\n  port: 1",
    ["hunter2", "and more"],
    / {2}port: 1$/,
  ],
  ["a list of arguments", '["mysql","--password","hunter2","--host","db"]', ["hunter2"], /"--host","db"\]$/],
  ["the short option of a login", "docker login -u joe -p hunter2 r.example.com", ["hunter2"], /r\.example\.com$/],
  ["a shared access signature", "https://x.example.com/?sig=abcd&se=2026", ["abcd"], /&se=2026$/],
  ["a secret key alone", "got wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE9Z of it", ["wJalrX"], /^got .* of it$/],
  [
    "a machine of Lambda Cloud as JSON",
    '{"name":"gpu-1","jupyter_token":"53968f128c4a4489","jupyter_url":"https://jupyter-1.lambda.ai?token=53968f128c4a4489","ip":"198.51.100.2"}',
    ["53968f128c4a4489"],
    /"name":"gpu-1".*"ip":"198\.51\.100\.2"\}$/,
  ],
  [
    "a machine of Lambda Cloud in YAML",
    "jupyter_token: 53968f128c4a4489\njupyter_url: https://jupyter-1.lambda.ai?token=53968f128c4a4489\nname: gpu-1",
    ["53968f128c4a4489"],
    /name: gpu-1$/,
  ],
  ["a key of Lambda Cloud in a variable", "LAMBDA_API_KEY=work.abc123 done", ["abc123"], /^LAMBDA_API_KEY=/],
  ["a key of Lambda Cloud as SkyPilot has it", "api_key = work.abc123", ["abc123"], /^api_key = /],
];
