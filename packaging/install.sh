#!/usr/bin/env bash
# Installs eks-satellite on this machine, upgrades it, or takes it away:
#   curl -fsSL URL/install.sh | sudo bash -s -- --cluster NAME --region REGION [options]
# --help shows the options. Run again it changes only what differs. Everything is in functions, and main is called on the last
# line: a download that was cut off does nothing.
set -Eeuo pipefail

readonly DEFAULT_BASE_URL=https://github.com/eks-satellite/eks-satellite/releases
readonly UNIT=eks-satellite.service
readonly PROGRAM=/opt/eks-satellite
readonly ETC=/etc/eks-satellite
readonly CREDENTIALS=$ETC/credentials
readonly LAUNCHER=/usr/local/bin/eks-satellite
readonly TRIES=4

usage() {
  cat <<'USAGE'
usage: install.sh --cluster NAME --region REGION [options]
  --cluster NAME            name of the EKS cluster           (EKS_SATELLITE_CLUSTER)
  --region REGION           its region                        (EKS_SATELLITE_REGION)
  --node-name NAME          default: the host name            (EKS_SATELLITE_NODE_NAME)
  --role-arn ARN            the role to assume                (EKS_SATELLITE_ROLE_ARN)
  --credentials-file FILE   AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…; copied to /etc/eks-satellite/credentials, mode 0600;
                            - reads them from standard input  (EKS_SATELLITE_CREDENTIALS_FILE)
  --version VERSION         default: the newest               (EKS_SATELLITE_VERSION)
  --from FILE|URL           a release tarball, with SHA256SUMS beside it; for mirrors and machines without internet
                                                              (EKS_SATELLITE_FROM)
  --sha256 SUM              in place of SHA256SUMS
  --wait SECONDS            how long to wait for a Ready node, default 300; 0 does not wait
  --skip-start              install, and start nothing
  --dry-run                 show what would change
  --uninstall               reset the machine and remove the installation; with --purge the configuration and the keys too
  --yes                     do not ask
Run again it upgrades: the configuration is kept, and only keys that are given are changed.
USAGE
}

main() {
  step="reading the arguments"
  url=""
  scratch=""
  trap 'failed $? "$BASH_COMMAND"' ERR
  trap clean EXIT
  parse "$@"
  step="looking at this machine"
  check_machine
  if [ "$uninstall" = yes ]; then
    remove_all
    return
  fi
  step="getting the release"
  make_scratch
  take_release
  step="comparing with what is installed"
  compare
  [ "$dry_run" = no ] || return 0
  step="installing"
  install_files
  step="writing the configuration"
  write_settings
  [ "$skip_start" = no ] || {
    say "installed; start it with: systemctl enable --now $UNIT"
    return 0
  }
  step="starting the service"
  start_service
  step="waiting for the node to be Ready"
  wait_until_ready
}

say() { printf '%s\n' "$*"; }

# die MESSAGE HINT: an error that we know.
die() {
  trap - ERR
  printf 'eks-satellite: %s\n' "$1" >&2
  [ -z "${2-}" ] || printf '  → %s\n' "$2" >&2
  exit 1
}

# failed CODE COMMAND: an error that nobody foresaw.
failed() {
  trap - ERR
  printf 'eks-satellite: %s failed: exit code %s of: %s\n' "$step" "$1" "$2" >&2
  [ -z "$url" ] || printf '  URL: %s\n' "$url" >&2
  exit "$1"
}

clean() {
  [ -z "$scratch" ] || rm -rf -- "$scratch"
}

parse() {
  cluster=${EKS_SATELLITE_CLUSTER-} region=${EKS_SATELLITE_REGION-} node_name=${EKS_SATELLITE_NODE_NAME-}
  role_arn=${EKS_SATELLITE_ROLE_ARN-} credentials_file=${EKS_SATELLITE_CREDENTIALS_FILE-}
  version=${EKS_SATELLITE_VERSION-} from=${EKS_SATELLITE_FROM-} base_url=${EKS_SATELLITE_BASE_URL-$DEFAULT_BASE_URL}
  sha256="" wait_seconds=300 skip_start=no dry_run=no uninstall=no purge=no yes=no
  while [ $# -gt 0 ]; do
    case $1 in
      --cluster | --region | --node-name | --role-arn | --credentials-file | --version | --from | --sha256 | --wait)
        [ -n "${2-}" ] || die "$1 needs a value" "install.sh --help shows the options."
        ;;
    esac
    case $1 in
      --cluster) cluster=$2 && shift ;;
      --region) region=$2 && shift ;;
      --node-name) node_name=$2 && shift ;;
      --role-arn) role_arn=$2 && shift ;;
      --credentials-file) credentials_file=$2 && shift ;;
      --version) version=${2#v} && shift ;;
      --from) from=$2 && shift ;;
      --sha256) sha256=$2 && shift ;;
      --wait) wait_seconds=$2 && shift ;;
      --skip-start) skip_start=yes ;;
      --dry-run) dry_run=yes ;;
      --uninstall) uninstall=yes ;;
      --purge) purge=yes ;;
      --yes) yes=yes ;;
      --help) usage && exit 0 ;;
      --access-key* | --secret* | --session-token* | --aws-access* | --aws-secret*)
        die "${1%%=*}: keys on a command line can be read by everybody on this machine" \
          "Put them into a file of mode 0600 and give its name: --credentials-file FILE."
        ;;
      *) die "there is no option $1" "install.sh --help shows the options." ;;
    esac
    shift
  done
  [[ $wait_seconds =~ ^[0-9]+$ ]] || die "--wait takes whole seconds, not $wait_seconds"
  if [ "$credentials_file" = - ] && [ ! -f "$0" ]; then
    die "standard input is this script itself, so the keys cannot come from there" \
      "Give a file: --credentials-file FILE, or download install.sh first."
  fi
}

check_machine() {
  [ "$(id -u)" = 0 ] || die "this needs root, and runs as user $(id -un)" "curl … | sudo bash -s -- …"
  local id="" version_id="" machine
  machine=$(uname -m)
  case $machine in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) die "there is no release for $machine" "x86_64 and aarch64 are supported." ;;
  esac
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    id=$(. /etc/os-release && printf %s "${ID-}")
    # shellcheck source=/dev/null
    version_id=$(. /etc/os-release && printf %s "${VERSION_ID-}")
  fi
  case "$id $version_id" in
    "ubuntu 20.04" | "ubuntu 22.04" | "ubuntu 24.04" | "debian 12") ;;
    *) die "this is ${id:-an unknown system} $version_id" "Ubuntu 20.04, 22.04 and 24.04, and Debian 12, are supported." ;;
  esac
  [ -d /run/systemd/system ] || die "systemd does not run here" "The service is started by systemd."
  [ "$uninstall" = yes ] && return
  [ -e "$ETC/config.yaml" ] || { [ -n "$cluster" ] && [ -n "$region" ]; } ||
    die "there is no $ETC/config.yaml yet, and no --cluster and --region" "install.sh --help shows the options."
  [ -z "$credentials_file" ] || [ "$credentials_file" = - ] || [ -r "$credentials_file" ] ||
    die "there is no file $credentials_file" "It holds AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…"
}

# Beside the program, so that files can be renamed into their places.
make_scratch() {
  mkdir -p /opt
  scratch=$(mktemp -d /opt/.eks-satellite.XXXXXX)
}

take_release() {
  local name
  if [ -z "$from" ]; then
    [ -n "$version" ] || version=$(newest_version)
    from=$base_url/download/v$version/eks-satellite-$version-linux-$architecture.tar.gz
  fi
  name=${from##*/}
  tarball=$scratch/$name
  if is_url "$from"; then
    say "getting $from"
    fetch "$from" "$tarball"
  else
    [ -r "$from" ] || die "there is no file $from"
    cp -- "$from" "$tarball"
  fi
  verify "$name"
  url=""
  tar --extract --gzip --no-same-owner --file "$tarball" --directory "$scratch" ||
    die "$from is not a release: it cannot be unpacked"
  release=$(find "$scratch" -mindepth 1 -maxdepth 1 -type d -name 'eks-satellite-*')
  [ -f "$release/VERSION" ] || die "$from is not a release: it has no file VERSION"
  version=$(cat "$release/VERSION")
  "$release$PROGRAM/bin/node" "$release$PROGRAM/lib/eks-satellite.mjs" version >/dev/null ||
    die "the program of $from does not start on this machine" "It is for linux-$architecture with glibc 2.28 or newer."
}

is_url() { [[ $1 =~ ^https?:// ]]; }

# The address of the newest release ends in its version.
newest_version() {
  local target
  url=$base_url/latest
  if command -v curl >/dev/null; then
    target=$(curl --silent --show-error --fail --location --output /dev/null --write-out '%{url_effective}' "$url")
  else
    target=$(wget --quiet --server-response --spider "$url" 2>&1 | sed -n 's/^ *Location: \([^ ]*\).*/\1/p' | tail -n 1)
  fi
  [[ $target =~ /v([0-9]+\.[0-9]+\.[0-9]+[^/]*)$ ]] || die "$url does not lead to a version, but to ${target:-nothing}" "Give one: --version VERSION."
  printf %s "${BASH_REMATCH[1]}"
}

# fetch URL FILE: proxies are taken from the environment by both programs.
fetch() {
  url=$1
  if command -v curl >/dev/null; then
    curl --silent --show-error --fail --location --retry $TRIES --retry-delay 2 --retry-connrefused \
      --connect-timeout 20 --speed-limit 1000 --speed-time 60 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --tries=$TRIES --waitretry=2 --retry-connrefused --timeout=60 --output-document="$2" "$1"
  else
    die "neither curl nor wget is here" "apt-get install curl"
  fi
}

# Nothing has been touched so far, and nothing is when the sum differs.
verify() {
  local wanted=$sha256 got sums=$scratch/SHA256SUMS
  if [ -z "$wanted" ]; then
    if is_url "$from"; then
      fetch "${from%/*}/SHA256SUMS" "$sums"
    else
      [ -r "$(dirname -- "$from")/SHA256SUMS" ] || die "there is no SHA256SUMS beside $from" "Copy it there too, or give --sha256 SUM."
      cp -- "$(dirname -- "$from")/SHA256SUMS" "$sums"
    fi
    wanted=$(awk -v name="$1" '$2 == name || $2 == "*" name { print $1 }' "$sums")
    [[ $wanted =~ ^[0-9a-f]{64}$ ]] || die "SHA256SUMS has no sum of $1" "Is it of the same release?"
  fi
  got=$(sha256sum -- "$tarball" | cut -d ' ' -f 1)
  [ "$got" = "$wanted" ] ||
    die "$from has the wrong checksum: $got, and not $wanted" "The download was changed or cut off. Nothing on this machine was touched."
}

# Paths below the release that differ from the machine's.
compare() {
  local path
  changed=()
  while IFS= read -r path; do
    cmp --silent -- "$release$path" "$path" || changed+=("$path")
  done < <(cd "$release" && find . -type f ! -name VERSION -printf '/%P\n' | sort)
  unit_changed=no
  for path in "${changed[@]+"${changed[@]}"}"; do
    [ "$dry_run" = no ] || say "would write $path"
    case $path in /etc/systemd/system/*) unit_changed=yes ;; esac
  done
  # What the program would not take is refused before anything is touched.
  if [ "$dry_run" = yes ]; then configure --dry-run; else configure --dry-run >/dev/null; fi
  say "eks-satellite $version: ${#changed[@]} files differ"
}

install_files() {
  local path
  [ ${#changed[@]} -gt 0 ] || return 0
  if [ -d $PROGRAM ]; then
    rm -rf $PROGRAM.previous
    cp --archive --link $PROGRAM $PROGRAM.previous
  fi
  for path in "${changed[@]}"; do
    mkdir -p -- "$(dirname -- "$path")"
    # Renamed into its place where it can be: a program that runs is replaced and not written to.
    cp --preserve=mode -- "$release$path" "$path.new"
    mv --force -- "$path.new" "$path"
    [ "$path" != $LAUNCHER ] || chmod 0755 $LAUNCHER
  done
  # Never without need: a reload takes GPUs from running containers (nvidia-docker#1730).
  [ "$unit_changed" = no ] || systemctl daemon-reload
}

configure() {
  local arguments=(configure --config "$ETC/config.yaml")
  [ -z "$cluster" ] || arguments+=(--cluster "$cluster")
  [ -z "$region" ] || arguments+=(--region "$region")
  [ -z "$node_name" ] || arguments+=(--node-name "$node_name")
  [ -z "$role_arn" ] || arguments+=(--role-arn "$role_arn")
  if [ -n "$credentials_file" ] || [ ! -e "$ETC/config.yaml" ]; then arguments+=(--credentials-file "$CREDENTIALS"); fi
  "$release$PROGRAM/bin/node" "$release$PROGRAM/lib/eks-satellite.mjs" "${arguments[@]}" "$@"
}

write_settings() {
  settings_changed=no
  mkdir -p -- "$ETC"
  configure
  if [ -n "$credentials_file" ]; then
    local fresh=$scratch/credentials
    (umask 077 && if [ "$credentials_file" = - ]; then cat; else cat -- "$credentials_file"; fi >"$fresh")
    grep -q '^ *\(export *\)\{0,1\}AWS_ACCESS_KEY_ID=' "$fresh" ||
      die "$credentials_file has no line AWS_ACCESS_KEY_ID=…" "Two lines: AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…"
    cmp --silent "$fresh" $CREDENTIALS || install -m 0600 -o root -g root "$fresh" $CREDENTIALS
  fi
  keep_proxies
}

# The service goes the way that this download went; what the file says already stays.
keep_proxies() {
  local name environment=$ETC/environment
  for name in HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy http_proxy no_proxy; do
    [ -n "${!name-}" ] || continue
    grep -q "^$name=" "$environment" 2>/dev/null && continue
    # A proxy's address may hold a password.
    [ -e "$environment" ] || install -m 0600 /dev/null "$environment"
    printf '%s=%s\n' "$name" "${!name}" >>"$environment"
    settings_changed=yes
  done
}

start_service() {
  systemctl is-enabled --quiet $UNIT || systemctl enable --quiet $UNIT
  if ! systemctl is-active --quiet $UNIT; then
    systemctl start $UNIT
  elif [ ${#changed[@]} -gt 0 ] || [ "$settings_changed" = yes ]; then
    say "restarting the daemon; pods keep running"
    systemctl restart $UNIT
  fi
}

wait_until_ready() {
  [ "$wait_seconds" -gt 0 ] || return 0
  local end=$((SECONDS + wait_seconds)) line last=""
  until $LAUNCHER status >"$scratch/status" 2>&1; do
    line=$(head -n 1 "$scratch/status")
    [ "$line" = "$last" ] || say "$line"
    last=$line
    if [ $SECONDS -ge $end ]; then
      cat "$scratch/status" >&2
      die "the node is not Ready after $wait_seconds s" "eks-satellite check; journalctl -u eks-satellite"
    fi
    sleep 2
  done
  cat "$scratch/status"
  say ""
  say "The log: journalctl -u eks-satellite -f"
}

remove_all() {
  local arguments=(reset)
  [ "$dry_run" = no ] || arguments+=(--dry-run)
  [ "$purge" = no ] || arguments+=(--purge)
  if [ -x $LAUNCHER ]; then
    if [ "$yes" = yes ] || [ "$dry_run" = yes ]; then
      [ "$dry_run" = yes ] || arguments+=(--yes)
      step="resetting the machine"
      $LAUNCHER "${arguments[@]}"
    elif [ -r /dev/tty ]; then
      $LAUNCHER "${arguments[@]}" </dev/tty
    else
      die "nobody is there to be asked" "--uninstall --dry-run shows what would be done, --uninstall --yes does it."
    fi
  fi
  [ "$dry_run" = no ] || return 0
  step="removing the installation"
  rm -rf $PROGRAM $PROGRAM.previous /usr/share/doc/eks-satellite
  rm -f $LAUNCHER
  if [ -e /etc/systemd/system/$UNIT ]; then
    rm -f /etc/systemd/system/$UNIT /etc/systemd/system/multi-user.target.wants/$UNIT
    systemctl daemon-reload
  fi
  say "eks-satellite is removed"
}

main "$@"
