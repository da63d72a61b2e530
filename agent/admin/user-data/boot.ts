// The commands of user data, for sh: they download one release, of which they know the checksum, and run the installer in it.
import type { PinnedRelease } from "./pinned-release.ts";
import { quoteWord } from "./shell.ts";

/** How the machine reaches the internet. */
export interface Route {
  /** A proxy for HTTPS and HTTP. */
  readonly proxy?: string;
  readonly noProxy?: string;
  /** The path of certificate authorities that the machine is to trust, which are among its files. */
  readonly caPath?: string;
}

export interface BootPlan {
  readonly release: PinnedRelease;
  readonly route: Route;
  /** How long the installer waits until the node is Ready, seconds; 0 does not wait. */
  readonly waitSeconds: number;
  /** Commands between the route and the download. */
  readonly before?: string;
  /** Words of sh behind the installer's own options. */
  readonly installerOptions?: string;
}

const MACHINES = { amd64: "x86_64", arm64: "aarch64" } as const;
const INSTALLER = "usr/share/doc/eks-satellite/install.sh";

/** Renders the commands. The first that fails ends the script, and cloud-init reports it. */
export function renderBoot({ release, route, waitSeconds, before = "", installerOptions = "" }: BootPlan): string {
  const { version, baseUrl } = release;
  return [
    ...renderRoute(route),
    "work=$(mktemp -d)\n",
    "trap 'rm -rf \"$work\"' EXIT\n",
    DOWNLOAD,
    before,
    `version=${quoteWord(version)}\n`,
    `releases=${quoteWord(baseUrl)}\n`,
    "case $(uname -m) in\n",
    ...renderSums(release),
    '  *) echo "eks-satellite $version is not pinned for $(uname -m)" >&2; exit 1 ;;\n',
    "esac\n",
    "name=eks-satellite-$version-linux-$architecture\n",
    'download "$releases/download/v$version/$name.tar.gz" "$work/$name.tar.gz"\n',
    'echo "$sum  $work/$name.tar.gz" | sha256sum --check --quiet\n',
    `tar --extract --gzip --to-stdout --file "$work/$name.tar.gz" "$name/${INSTALLER}" >"$work/install.sh"\n`,
    `bash "$work/install.sh" --from "$work/$name.tar.gz" --sha256 "$sum" --wait ${waitSeconds}${installerOptions} </dev/null\n`,
  ].join("");
}

/** `download URL FILE`, with what an image has. At the first boot the network may be later than this. */
const DOWNLOAD = `download () {
  try=1
  until fetch "$1" "$2"; do
    if [ "$try" -ge 8 ]; then echo "$1 cannot be downloaded" >&2; exit 1; fi
    sleep $((try * 2))
    try=$((try + 1))
  done
}
fetch () {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --connect-timeout 30 --speed-limit 1 --speed-time 30 --output "$2" "$1"
  else
    wget --no-verbose --tries=1 --timeout=30 --output-document="$2" "$1"
  fi
}
`;

function renderSums({ sums }: PinnedRelease): readonly string[] {
  return Object.entries(sums).map(
    ([architecture, sum]) =>
      `  ${MACHINES[architecture as keyof typeof MACHINES]}) architecture=${architecture} sum=${sum} ;;\n`,
  );
}

/** The installer keeps these variables for the service. curl knows http_proxy in small letters alone. */
function renderRoute({ proxy, noProxy, caPath }: Route): readonly string[] {
  const set = (name: string, value: string) => `export ${name}=${quoteWord(value)}\n`;
  return [
    ...(proxy === undefined ? [] : [set("HTTPS_PROXY", proxy), set("http_proxy", proxy)]),
    ...(noProxy === undefined ? [] : [set("NO_PROXY", noProxy)]),
    ...(caPath === undefined ? [] : ["update-ca-certificates\n", set("NODE_EXTRA_CA_CERTS", caPath)]),
  ];
}
