#!/usr/bin/env bash
# Installs eks-satellite on this machine, upgrades it, or removes it:
#   curl --proto '=https' --tlsv1.2 -fsSL URL/install.sh | sudo bash -s -- --cluster NAME --region REGION --credentials-file FILE
# --help has the options. Run again it changes what differs, and restarts the service only then.
[ -n "${BASH_VERSION-}" ] || { echo "ERROR install.sh: this needs bash: … | sudo bash -s -- OPTIONS" >&2; exit 1; }
# One group to the end of the file: a truncated download is a syntax error, and runs nothing.
{
set -Eeuo pipefail
umask 022

# Releases are at BASE_URL/download/v<version>/. BASE_URL/latest leads to an address that ends in /v<version>, as on GitHub,
# or is a file that holds the version alone, as is easier on a mirror.
BASE_URL=${EKS_SATELLITE_BASE_URL:-https://github.com/eks-satellite/eks-satellite/releases}
BASE_URL=${BASE_URL%/}
# Before every path that is written, for tests and for images: nothing outside it is changed.
ROOT=${EKS_SATELLITE_ROOT-}
# A download that stalls for so long is given up and tried again.
STALL_SECONDS=${EKS_SATELLITE_STALL_SECONDS:-30}
DOWNLOAD_TRIES=4
MAX_REDIRECTS=5
# A server that never ends must not fill the disk.
MAX_TEXT_MB=4
MAX_TARBALL_MB=1000
# In a network that is trusted, a mirror may have no certificate.
ALLOW_HTTP=${EKS_SATELLITE_ALLOW_HTTP-}
# Empty or no file when bash reads this from a pipe.
SCRIPT=${BASH_SOURCE[0]-}
SELF=install.sh
if [[ ${SCRIPT##*/} == eks-satellite-uninstall ]]; then SELF=eks-satellite-uninstall; fi

UNIT=eks-satellite.service
UNIT_PATH=etc/systemd/system/$UNIT
PROGRAM=$ROOT/opt/eks-satellite
PREVIOUS=$ROOT/opt/eks-satellite.previous
STAGING=$ROOT/opt/eks-satellite.new
# Exists from the first change until the service runs with it: the next run finishes an install that was interrupted in between.
RESTART_PENDING=$ROOT/opt/.eks-satellite-restart-pending
LOCK=$ROOT/run/eks-satellite-install.lock
LAUNCHER=$ROOT/usr/local/bin/eks-satellite
# This script, as each release leaves it on the machine: by this name it uninstalls, which takes no network.
UNINSTALLER=$ROOT/usr/local/bin/eks-satellite-uninstall
ETC=$ROOT/etc/eks-satellite
CONFIG=$ETC/config.yaml
ENVIRONMENT=$ETC/environment
# As config.yaml names it, so without ROOT.
CREDENTIALS=/etc/eks-satellite/credentials
# The service reaches AWS the way that this script reached the release.
KEPT_VARIABLES=(HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy NODE_EXTRA_CA_CERTS)

# Principal and namespace of every signature of a release, in the words of ssh-keygen(1).
SIGNER=eks-satellite-release
# More than a release has keys.
MAX_SIGNATURES=8

VALUE_OPTIONS=(cluster region node-name role-arn credentials-file version from sha256 allowed-signers wait)
FLAG_OPTIONS=(allow-unsigned allow-downgrade skip-start dry-run uninstall purge yes help)

EXIT_FAILED=1
EXIT_NOT_READY=2
# sysexits(3) EX_USAGE
EXIT_USAGE=64

# The values of the options; an empty one was not given.
declare -A given=() flags=()
# An error message names these.
step="" url="" signers_of=""
scratch="" release="" version="" installed_version="" architecture=""
changed=() changed_variables=()
program_changed=no config_changed=no keys_changed=no restart=no
# Between the two an error restores the earlier version.
switched=no committed=no

usage() {
  cat <<'USAGE'
usage: install.sh --cluster NAME --region REGION --credentials-file FILE [options]

  --cluster NAME           EKS cluster to join
  --region REGION          its AWS region
  --node-name NAME         name of the Node; default: the host name
  --role-arn ARN           role that makes this machine the node
  --credentials-file FILE  lines AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=…; copied to /etc/eks-satellite/credentials,
                           mode 0600; - reads them from standard input
  --version VERSION        default: the latest
  --from FILE|URL          tarball of a release, with SHA256SUMS and SHA256SUMS.sig beside it
  --sha256 SUM             its checksum, in place of SHA256SUMS and its signature
  --allowed-signers FILE   keys that may sign it, as in ssh-keygen(1); default: those of the installed version, else this script's
  --allow-unsigned         take a SHA256SUMS without looking at its signature, as of an own build
  --allow-downgrade        replace the installed version by an older one
  --wait SECONDS           how long to wait until the node is Ready; default 300, 0 does not wait
  --skip-start             neither enable nor start the service
  --dry-run                print what would change, and change nothing
  --uninstall              leave the cluster and remove eks-satellite; /etc/eks-satellite stays. An installed one is removed
                           without a network by: sudo eks-satellite-uninstall
  --purge                  with --uninstall: remove /etc/eks-satellite too
  --yes                    with --uninstall: do not ask

Options with a value can come from the environment: EKS_SATELLITE_CLUSTER for --cluster, and so on. EKS_SATELLITE_BASE_URL
is where releases are, EKS_SATELLITE_STALL_SECONDS (30) after which a stalled download is given up.
EKS_SATELLITE_ALLOW_HTTP=yes takes checksums and the latest version over http, from a mirror in a trusted network. HTTPS_PROXY,
HTTP_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS are honoured, and kept for the service in /etc/eks-satellite/environment.
Run again, it upgrades: the configuration stays, and of it only what is given here is changed.

exit: 0 done, 1 failed, 2 installed but not Ready in time, 64 wrong usage
USAGE
}

# The same lines as in packaging/release-keys/allowed_signers, from which scripts/render-release-keys.ts brings them here.
known_signers() {
  cat <<'SIGNERS'
SIGNERS
}

usage_of_uninstaller() {
  cat <<'USAGE'
usage: eks-satellite-uninstall [options]

Leaves the cluster, restores the machine and removes eks-satellite. It downloads nothing.

  --purge    remove /etc/eks-satellite too, with the configuration and the keys
  --dry-run  print what would be removed, and change nothing
  --yes      do not ask

exit: 0 done, 1 failed or not confirmed, 64 wrong usage
USAGE
}

main() {
  trap 'on_error "$?" "$BASH_COMMAND"' ERR
  trap on_exit EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  parse_arguments "$@"
  begin "checking this machine"
  check_bash
  ensure_root "$@"
  check_package
  lock
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/eks-satellite-install.XXXXXX")
  if is_on uninstall; then uninstall; else install_or_upgrade; fi
}

install_or_upgrade() {
  check_machine
  check_systemd
  check_settings
  take_release
  begin "comparing with what is installed"
  compare_files
  compare_keys
  compare_environment
  compare_config
  decide_restart
  report_changes
  if is_on dry-run; then return; fi
  apply_changes
  if is_on skip-start; then
    committed=yes
    say "The service was not started: systemctl enable --now $UNIT"
    return
  fi
  start_service
  wait_until_ready
}

#### Messages

say() { printf '%s\n' "$*"; }

# begin STEP [URL]
begin() {
  step=$1
  url=${2-}
}

# A proxy or a mirror may have its password in its address.
# The password may hold @ and /, so that the last @ counts.
without_password() { sed -E 's#//[^[:space:]]*@#//…@#g' <<<"$1"; }

# fail MESSAGE [HINT [EXIT_CODE]]
fail() {
  trap - ERR
  printf '%s %s: %s: %s\n' "$(in_red ERROR)" "$SELF" "${step:-failed}" "$1" >&2
  if [[ -n $url ]]; then printf '  URL: %s\n' "$(without_password "$url")" >&2; fi
  if [[ -n ${2-} ]]; then printf '  → %s\n' "$2" >&2; fi
  exit "${3:-$EXIT_FAILED}"
}

# On a terminal, unless NO_COLOR says otherwise; FORCE_COLOR elsewhere too.
in_red() {
  if [[ -z ${NO_COLOR-} && ${FORCE_COLOR-} != 0 ]] && { [[ -t 2 && ${TERM-} != dumb ]] || [[ -n ${FORCE_COLOR-} ]]; }; then
    printf '\033[31m%s\033[39m' "$1"
  else
    printf '%s' "$1"
  fi
}

fail_usage() { fail "$1" "${2:-$SELF --help lists the options}" "$EXIT_USAGE"; }

# An unexpected failure. The command is shown as it is written here, so its arguments are not.
on_error() {
  if ((BASH_SUBSHELL > 0)); then exit "$1"; fi
  fail "exit code $1 of: $2" "" "$1"
}

on_exit() {
  trap - ERR EXIT
  set +e
  if [[ $switched == yes && $committed == no ]]; then restore_previous; fi
  if [[ -n $scratch ]]; then rm -rf -- "$scratch" "$STAGING"; fi
}

#### Arguments

parse_arguments() {
  local name variable
  step="reading the arguments"
  if [[ $SELF == eks-satellite-uninstall ]]; then flags[uninstall]=yes; fi
  for name in "${VALUE_OPTIONS[@]}"; do
    variable=${name^^}
    variable=EKS_SATELLITE_${variable//-/_}
    given[$name]=${!variable-}
  done
  while (($# > 0)); do
    refuse_secret "$1"
    name=${1%%=*}
    name=${name#--}
    if [[ $1 != --?* ]]; then
      fail_usage "$1 is not an option"
    elif is_one_of "$name" "${VALUE_OPTIONS[@]}"; then
      if [[ $1 == *=* ]]; then set -- "--$name" "${1#*=}" "${@:2}"; fi
      if [[ -z ${2-} || $2 == --* ]]; then fail_usage "--$name needs a value"; fi
      given[$name]=$2
      shift 2
    elif [[ $1 != *=* ]] && is_one_of "$name" "${FLAG_OPTIONS[@]}"; then
      flags[$name]=yes
      shift
    else
      fail_usage "there is no option --$name" "$(suggest "$name")$SELF --help lists the options"
    fi
  done
  if is_on help; then
    if [[ $SELF == eks-satellite-uninstall ]]; then usage_of_uninstaller; else usage; fi
    exit 0
  fi
  check_values
}

is_on() { [[ ${flags[$1]-} == yes ]]; }

is_one_of() {
  local wanted=$1 word
  shift
  for word in "$@"; do
    if [[ $word == "$wanted" ]]; then return 0; fi
  done
  return 1
}

# The option that shares the longest beginning, when that is long enough to be a slip.
suggest() {
  local option length best="" best_length=2
  for option in "${VALUE_OPTIONS[@]}" "${FLAG_OPTIONS[@]}"; do
    length=0
    while ((length < ${#1})) && [[ ${1:length:1} == "${option:length:1}" ]]; do length=$((length + 1)); done
    if ((length > best_length)); then
      best=$option
      best_length=$length
    fi
  done
  if [[ -n $best ]]; then printf 'did you mean --%s? ' "$best"; fi
}

# The value is not repeated: this may be a log.
refuse_secret() {
  local shown=${1%%=*}
  case ${shown,,} in
    --*access*key* | --*secret* | --*token* | --*password* | aws_*) ;;
    akia* | asia*) shown="an access key id" ;;
    *) return 0 ;;
  esac
  fail_usage "$shown: every user of this machine can read the arguments of a command, and shells keep them in a history" \
    "put the keys into a file of mode 0600 and name it: --credentials-file FILE"
}

check_values() {
  given[version]=${given[version]#v}
  given[sha256]=${given[sha256],,}
  given[wait]=${given[wait]:-300}
  if [[ -n ${given[version]} && ! ${given[version]} =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]]; then
    fail_usage "--version ${given[version]} is not a version such as 1.2.3"
  fi
  if [[ -n ${given[sha256]} && ! ${given[sha256]} =~ ^[0-9a-f]{64}$ ]]; then
    fail_usage "--sha256 ${given[sha256]} is not 64 hexadecimal digits"
  fi
  if [[ ! ${given[wait]} =~ ^[0-9]+$ ]]; then fail_usage "--wait ${given[wait]} is not a whole number of seconds"; fi
  given[wait]=$((10#${given[wait]}))
  if is_on purge && ! is_on uninstall; then fail_usage "--purge goes with --uninstall only"; fi
  if [[ ${given[credentials-file]} == - ]] && is_piped_script; then
    fail_usage "--credentials-file -: standard input is this script itself" \
      "name a file, or download install.sh first: sudo bash install.sh --credentials-file - … < FILE"
  fi
}

is_piped_script() { [[ -z $SCRIPT && -z ${BASH_EXECUTION_STRING+set} ]]; }

#### The machine

check_bash() {
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then fail "bash is $BASH_VERSION" "this needs bash 4.4 or newer"; fi
}

ensure_root() {
  local kept names
  if [[ $(id -u) == 0 ]]; then return; fi
  if [[ ! -f $SCRIPT ]]; then
    fail "this needs root, and runs as $(id -un)" "put sudo before bash, not before curl: curl … | sudo bash -s -- OPTIONS"
  fi
  command -v sudo >/dev/null || fail "this needs root, and runs as $(id -un); there is no sudo" "run it as root"
  mapfile -t kept < <(compgen -e EKS_SATELLITE_ || true)
  kept+=("${KEPT_VARIABLES[@]}")
  names=$(IFS=, && printf '%s' "${kept[*]}")
  exec sudo --preserve-env="$names" -- bash "$SCRIPT" "$@"
}

check_machine() {
  local machine id="" os_version=""
  machine=$(uname -m)
  case $machine in
    x86_64) architecture=amd64 ;;
    aarch64) architecture=arm64 ;;
    *) fail "the architecture is $machine" "eks-satellite is released for x86_64 and aarch64" ;;
  esac
  if [[ -r $ROOT/etc/os-release ]]; then
    id=$(os_release ID)
    os_version=$(os_release VERSION_ID)
  fi
  case "$id $os_version" in
    "ubuntu 20.04" | "ubuntu 22.04" | "ubuntu 24.04" | "debian 12" | "debian 13") ;;
    *)
      fail "the operating system is ${id:-unknown} ${os_version:-of an unknown version} ($ROOT/etc/os-release)" \
        "supported are Ubuntu 20.04, 22.04 and 24.04, and Debian 12 and 13"
      ;;
  esac
}

# Two installations would take the unit from each other.
check_package() {
  if [[ $(dpkg-query --show --showformat='${Status}' eks-satellite 2>/dev/null) == "install ok installed" ]]; then
    if is_on uninstall; then fail "eks-satellite is installed as a Debian package" "apt-get purge eks-satellite"; fi
    fail "eks-satellite is installed as a Debian package" \
      "upgrade it with apt-get install ./eks-satellite_VERSION_ARCHITECTURE.deb, or apt-get remove eks-satellite first"
  fi
}

os_release() { sed -n -E "s/^$1=[\"']?([^\"']*)[\"']?\$/\1/p" "$ROOT/etc/os-release"; }

# The lock goes with this process. Another user could hold a file or folder that it may open, and keep root from installing.
lock() {
  mkdir -p -- "$ROOT/run"
  (umask 077 && : >>"$LOCK")
  exec 9<"$LOCK"
  flock --nonblock 9 || fail "another install.sh runs on this machine" "wait until it ends: ps -fC bash"
}

is_running() { has_systemd && systemctl is-active --quiet "$UNIT"; }

has_systemd() { [[ -d $ROOT/run/systemd/system ]]; }

check_systemd() {
  if is_on skip-start || has_systemd; then return; fi
  fail "systemd does not run here, and it is what starts $UNIT" "to prepare an image, add --skip-start"
}

check_settings() {
  local name missing=() file=${given[credentials-file]}
  if [[ ! -e $CONFIG ]]; then
    for name in cluster region; do
      if [[ -z ${given[$name]} ]]; then missing+=("--$name"); fi
    done
    if [[ -z $file && ! -e $ROOT$CREDENTIALS ]] && ! is_on skip-start; then missing+=(--credentials-file); fi
    if ((${#missing[@]} > 0)); then fail_usage "there is no $CONFIG yet, so this needs ${missing[*]}"; fi
  fi
  if [[ -n $file && $file != - && ! -r $file ]]; then
    fail "--credentials-file $file: there is no such file" "give its full path"
  fi
}

#### The release

take_release() {
  local source name sum folder
  if [[ -n ${given[from]} ]]; then
    source=${given[from]}
  else
    version=${given[version]}
    if [[ -z $version ]]; then find_latest_version; fi
    source=$BASE_URL/download/v$version/eks-satellite-$version-linux-$architecture.tar.gz
  fi
  name=${source##*/}
  folder=.
  if [[ $source == */* ]]; then folder=${source%/*}; fi
  sum=${given[sha256]}
  if [[ -z $sum ]]; then
    require_tls "$folder/SHA256SUMS"
    obtain "$folder/SHA256SUMS" "$scratch/SHA256SUMS" "$MAX_TEXT_MB"
    sum=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1; exit }' "$scratch/SHA256SUMS")
    [[ $sum =~ ^[0-9a-f]{64}$ ]] || fail_about_sums "$name" "$folder/SHA256SUMS"
    verify_signature "$folder/SHA256SUMS.sig"
  fi
  obtain "$source" "$scratch/$name" "$MAX_TARBALL_MB"
  begin "verifying $name" "$url"
  verify "$scratch/$name" "$sum"
  begin "unpacking $name" "$url"
  unpack "$scratch/$name"
}

# Who answers in the clear would decide what root runs, unless the sum came another way. A tarball may come in the clear: it has one.
require_tls() {
  if [[ $1 != http:* || -n ${given[sha256]} || $ALLOW_HTTP == yes ]]; then return; fi
  begin "downloading ${1##*/}" "$1"
  fail "http is not trusted for it: anyone on the way can change the answer" \
    "https, or --version VERSION with --sha256 SUM; EKS_SATELLITE_ALLOW_HTTP=yes for a mirror in a trusted network"
}

is_url() { [[ $1 =~ ^https?:// ]]; }

find_latest_version() {
  local body pattern='v?([0-9]+\.[0-9]+\.[0-9]+[-+.0-9A-Za-z]*)$'
  require_tls "$BASE_URL/latest"
  begin "finding the latest version"
  download "$BASE_URL/latest" "$scratch/latest" "$MAX_TEXT_MB"
  body=$(head -c 100 "$scratch/latest" | tr -d '[:space:]\0')
  if [[ $final_url =~ /$pattern || $body =~ ^$pattern ]]; then
    version=${BASH_REMATCH[1]}
  else
    fail "this does not lead to a version, but to ${final_url:-a page}" "name one: --version VERSION"
  fi
}

fail_about_sums() {
  fail "$(without_password "$2") has no checksum of $1; its first line is: $(first_line "$scratch/SHA256SUMS")" \
    "it must be the SHA256SUMS of that release; a page in its place comes from a proxy or a login of the network"
}

first_line() {
  local line
  line=$(head -n 1 "$1" | tr -d '\0' | cut -c 1-60)
  printf '%s' "${line:-empty}"
}

# obtain SOURCE FILE MAX_MB
obtain() {
  if is_url "$1"; then
    begin "downloading ${1##*/}"
    say "downloading $(without_password "$1")"
    download "$@"
  else
    begin "reading ${1##*/}"
    [[ -r $1 ]] || fail "there is no file $1" "$(missing_hint "$1" "--from takes a tarball with SHA256SUMS and SHA256SUMS.sig beside it, or with --sha256 SUM")"
    cp -- "$1" "$2"
  fi
}

# missing_hint SOURCE HINT: for a signature that is not there, what else can be done; for anything else the hint.
missing_hint() {
  if [[ $1 == *.sig ]]; then
    printf 'this release is not signed: --sha256 SUM for a checksum that came another way, --allow-unsigned for an own build or a mirror of one'
  else
    printf '%s' "$2"
  fi
}

# download URL FILE MAX_MB: tries transient failures again; sets final_url.
download() {
  local try code http_status max_mb=$3
  url=$1
  for ((try = 1; try <= DOWNLOAD_TRIES; try++)); do
    code=0
    download_once "$1" "$2" || code=$?
    if ((code == 0)); then return; fi
    # The server understood the request and refused it.
    if [[ $http_status == 4?? && $http_status != 408 && $http_status != 429 ]] || is_too_large "$2"; then break; fi
    if ((try < DOWNLOAD_TRIES)); then sleep "$((try * 2))"; fi
  done
  if is_too_large "$2"; then
    fail "it is larger than $max_mb MB" "a release is not: check EKS_SATELLITE_BASE_URL, --from and what is in between"
  fi
  fail "$(explain_download "$code")" "$(download_hint "$http_status")"
}

is_too_large() { [[ -e $1 && $(stat --format=%s -- "$1") -ge $((max_mb * 1024 * 1024)) ]]; }

# What is written beyond the size fails, in the command that follows.
limit_size() {
  trap '' XFSZ
  ulimit -f $((max_mb * 1024)) 2>/dev/null || true
}

# How much is there already, in place, where a person watches.
show_progress() {
  trap - ERR EXIT INT TERM HUP
  while sleep 0.5 && [[ -d $scratch ]]; do
    if [[ -s $1 ]]; then printf '\r  %d MB\033[K' "$(($(stat --format=%s -- "$1") / 1000000))" >&2; fi
  done
}

download_once() {
  local watcher="" code=0
  if [[ -t 2 ]]; then
    show_progress "$2" &
    watcher=$!
  fi
  download_by_tool "$@" || code=$?
  if [[ -n $watcher ]]; then
    kill "$watcher" 2>/dev/null || true
    wait "$watcher" 2>/dev/null || true
    printf '\r\033[K' >&2
  fi
  return "$code"
}

download_by_tool() {
  if command -v curl >/dev/null; then
    download_with_curl "$@"
  elif command -v wget >/dev/null; then
    download_with_wget "$@"
  else
    fail "there is neither curl nor wget" "apt-get install curl"
  fi
}

# A redirect must not lead out of TLS.
download_with_curl() {
  local outcome code=0 protocols=http,https
  if [[ $1 == https:* ]]; then protocols=https; fi
  outcome=$(limit_size && exec curl --silent --show-error --fail --location --max-redirs "$MAX_REDIRECTS" --proto "=$protocols" \
    --proto-redir "=$protocols" --tlsv1.2 --connect-timeout "$STALL_SECONDS" \
    --speed-limit 1 --speed-time "$STALL_SECONDS" --output "$2" --write-out '%{http_code} %{url_effective}' "$1" \
    2>"$scratch/download.log") || code=$?
  http_status=${outcome%% *}
  final_url=${outcome#* }
  return "$code"
}

# wget by itself follows a redirect out of TLS, whatever its options.
download_with_wget() {
  local code hop
  final_url=$1
  for ((hop = 0; hop <= MAX_REDIRECTS; hop++)); do
    code=0
    (limit_size && exec wget --no-verbose --server-response --tries=1 --max-redirect=0 --secure-protocol=TLSv1_2 \
      --timeout="$STALL_SECONDS" --output-document="$2" "$final_url") 2>"$scratch/download.log" || code=$?
    http_status=$(awk '$1 ~ /^HTTP\// { status = $2 } END { print status }' "$scratch/download.log")
    if [[ $http_status != 30[12378] ]]; then return "$code"; fi
    final_url=$(resolve_redirect "$final_url" "$(awk 'tolower($1) == "location:" { target = $2 } END { print target }' "$scratch/download.log")")
    if [[ $final_url != https:* && ($1 == https:* || $final_url != http:*) ]]; then
      printf 'wget: the redirect to %s is not followed\n' "$(without_password "$final_url")" >"$scratch/download.log"
      return 1
    fi
  done
  printf 'wget: more than %s redirects\n' "$MAX_REDIRECTS" >"$scratch/download.log"
  return 1
}

# resolve_redirect URL LOCATION
resolve_redirect() {
  local origin
  origin=$(sed -E 's#^([a-z]+://[^/]*).*#\1#' <<<"$1")
  case $2 in
    *://*) printf '%s' "$2" ;;
    //*) printf '%s' "${1%%:*}:$2" ;;
    /*) printf '%s' "$origin$2" ;;
    *) printf '%s' "${1%/*}/$2" ;;
  esac
}

# curl explains itself after its one line, wget before its last.
explain_download() {
  if [[ $http_status == [45]?? ]]; then
    printf 'the server answered %s' "$http_status"
  else
    printf 'exit code %s, %s' "$1" "$(grep '^curl: ' "$scratch/download.log" || grep -v '^ ' "$scratch/download.log" | tail -n 1)"
  fi
}

download_hint() {
  if grep -qi certificate "$scratch/download.log"; then
    printf 'if a proxy inspects TLS, add its CA with update-ca-certificates, and name it for the service: NODE_EXTRA_CA_CERTS=FILE'
    return
  fi
  case $1 in
    404) missing_hint "$url" "check that there is such a release for linux-$architecture: --version, --from, EKS_SATELLITE_BASE_URL" ;;
    407) printf 'the proxy requires a user and a password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT' ;;
    *) printf 'behind a proxy: curl … | sudo HTTPS_PROXY=http://HOST:PORT bash -s -- …; without internet: --from FILE' ;;
  esac
}

# Who could write the sums decides what root runs. They count when one of the known keys has signed them.
verify_signature() {
  local log=$scratch/ssh-keygen.log
  if is_on allow-unsigned; then
    say "! --allow-unsigned: the signature of SHA256SUMS is not verified"
    return
  fi
  begin "verifying the signature"
  check_ssh_keygen
  find_signers
  obtain "$1" "$scratch/SHA256SUMS.sig" "$MAX_TEXT_MB"
  begin "verifying the signature" "$url"
  # A release is signed by the old key and the new one while keys change.
  awk -v file="$scratch/signature." -v most="$MAX_SIGNATURES" \
    '/^-----BEGIN SSH SIGNATURE-----/ { count++ } count > 0 && count <= most { print > (file count) }' "$scratch/SHA256SUMS.sig"
  [[ -e $scratch/signature.1 ]] ||
    fail "this is no signature; its first line is: $(first_line "$scratch/SHA256SUMS.sig")" \
      "it must be the SHA256SUMS.sig of that release; a page in its place comes from a proxy or a login of the network"
  is_signed_by "$scratch/signers" || explain_signature
  say "SHA256SUMS is signed by $(sed -n -E 's/^Good .* with (.*)$/\1/p' "$log"), which is among the keys of $signers_of"
}

check_ssh_keygen() {
  local others="--sha256 SUM needs none, for a checksum that came another way"
  command -v ssh-keygen >/dev/null || fail "there is no ssh-keygen, which verifies it" "apt-get install openssh-client; $others"
  if [[ $(ssh-keygen -Y verify 2>&1 </dev/null || true) == *"option -- Y"* ]]; then
    fail "ssh-keygen is older than OpenSSH 8.1, and verifies no signatures" "upgrade openssh-client; $others"
  fi
}

# Keys of the installed version come before this script's: who can change the script on its way cannot change them.
find_signers() {
  local file=${given[allowed-signers]} list=$scratch/allowed_signers installed
  installed=$(installed_signers)
  if [[ -n $file ]]; then
    [[ -r $file ]] || fail "--allowed-signers $file: there is no such file" "give its full path"
    cat -- "$file" >"$list"
    signers_of=$file
  elif grep -Eqs '^[^#[:space:]]' "$installed"; then
    cat -- "$installed" >"$list"
    signers_of="the installed version ($installed)"
  else
    known_signers >"$list"
    signers_of="this install.sh"
  fi
  grep -Eq '^[^#[:space:]]' "$list" ||
    fail "$signers_of knows no key that signs releases" \
      "--allowed-signers FILE names keys; --sha256 SUM is for a checksum that came another way, --allow-unsigned for an own build"
  sort_signers <"$list"
}

# A power cut in the midst of an upgrade may have left the earlier version alone.
installed_signers() {
  local program=$PROGRAM
  if [[ ! -d $program ]]; then program=$PREVIOUS/opt/eks-satellite; fi
  printf '%s' "$program/release-keys/allowed_signers"
}

# To $scratch/signers the keys that are valid today, to $scratch/outdated the others; without the dates, which ssh-keygen knows
# from OpenSSH 8.7 on alone: Ubuntu 20.04 has 8.2.
sort_signers() {
  local line now file
  now=$(date -u +%Y%m%d%H%M%S)
  : >"$scratch/signers"
  : >"$scratch/outdated"
  while IFS= read -r line || [[ -n $line ]]; do
    if [[ ! $line =~ ^[^#[:space:]] ]]; then continue; fi
    file=$scratch/signers
    if [[ $line =~ valid-before=\"([0-9]{8,14})Z?\" && $now > $(padded "${BASH_REMATCH[1]}") ]]; then file=$scratch/outdated; fi
    if [[ $line =~ valid-after=\"([0-9]{8,14})Z?\" && $now < $(padded "${BASH_REMATCH[1]}") ]]; then file=$scratch/outdated; fi
    sed -E 's/valid-(after|before)="[^"]*",?//g; s/,([[:space:]])/\1/; s/[[:space:]]+/ /g' <<<"$line" >>"$file"
  done
}

# A day of ssh-keygen(1), YYYYMMDD, as the second that it begins with.
padded() { printf '%s' "$1$(printf '%0*d' $((14 - ${#1})) 0)" | cut -c 1-14; }

# is_signed_by SIGNERS_FILE
is_signed_by() {
  local signature
  for signature in "$scratch"/signature.*; do
    if ssh-keygen -Y verify -f "$1" -I "$SIGNER" -n "$SIGNER" -s "$signature" <"$scratch/SHA256SUMS" >"$log" 2>&1; then return 0; fi
  done
  return 1
}

# Whose signature it is, when that is none of the keys; and whether it is one of these sums at all.
explain_signature() {
  local signature key refused
  refused=$(tail -n 1 "$log" | cut -c 1-200)
  refused=${refused%.}
  if is_signed_by "$scratch/outdated"; then
    key=$(sed -n -E 's/^Good .* with (.*)$/\1/p' "$log")
    fail "it is by $key, which the keys of $signers_of limit to another time than $(date -u +%F); nothing was changed" \
      "$(other_keys_hint)"
  fi
  for signature in "$scratch"/signature.*; do
    if ssh-keygen -Y check-novalidate -n "$SIGNER" -s "$signature" <"$scratch/SHA256SUMS" >"$log" 2>&1; then
      key=$(sed -n -E 's/^Good .* with (.*)$/\1/p' "$log")
      fail "it is by $key, which is none of the keys of $signers_of; nothing was changed" "$(other_keys_hint)"
    fi
  done
  fail "it is no signature of this SHA256SUMS: $refused; nothing was changed" \
    "one of the two was altered, or is of another release: download both again"
}

other_keys_hint() {
  printf 'where the key of releases has changed, install the last version of the old key first (--version), or name the keys with --allowed-signers FILE: '
  printf 'https://github.com/eks-satellite/eks-satellite/blob/main/docs/how-to/offline-and-mirrors.md#verify-a-release'
}

# Nothing on the machine has changed so far, and nothing will when the sum differs.
verify() {
  local actual
  actual=$(sha256sum -- "$1")
  actual=${actual%% *}
  if [[ ${actual#\\} != "$2" ]]; then
    fail "its SHA-256 is ${actual#\\}, and must be $2; nothing was changed" "it was altered or truncated on the way: download it again"
  fi
}

# Beside the program, so that it can be renamed into its place; a dry run must leave /opt alone.
unpack() {
  local folder=$STAGING found
  if is_on dry-run; then folder=$scratch/release; else rm -rf -- "$folder"; fi
  mkdir -p -- "$folder"
  tar --extract --gzip --no-same-owner --file "$1" --directory "$folder" ||
    fail "tar cannot unpack it" "it must be a release's tarball; df -h ${folder%/*} shows whether there is room for 250 MB"
  found=("$folder"/*)
  release=${found[0]}
  check_release
  if ! is_on dry-run; then flush "$release"; fi
}

# flush FOLDER: to the disk, before a rename makes it what the machine starts. A rename may be on the disk seconds before the
# content that it names: after a power cut in between, the program would be files of no length.
flush() { find "$1" '(' -type f -o -type d ')' -exec sync -- {} +; }

check_release() {
  local wanted=eks-satellite-VERSION-linux-$architecture.tar.gz
  [[ -f $release/VERSION ]] || fail "it is not a release of eks-satellite: it has no file VERSION" "--from takes $wanted"
  version=$(<"$release/VERSION")
  [[ ${release##*/} == *-linux-$architecture ]] || fail "it holds ${release##*/}, and this is linux-$architecture" "take $wanted"
  if [[ -n ${given[version]} && ${given[version]} != "$version" ]]; then
    fail "it holds version $version, and --version says ${given[version]}" "leave out one of --from and --version"
  fi
  run_released version >/dev/null ||
    fail "its program does not start here" "it needs glibc 2.28 or newer; if ${release%/*} is mounted noexec, set TMPDIR"
}

# Without the launcher, which reads and writes below the real root.
run_released() { "$release/opt/eks-satellite/bin/node" "$release/opt/eks-satellite/lib/eks-satellite.mjs" "$@" </dev/null; }

#### What differs

compare_files() {
  local path
  installed_version=$(read_installed_version)
  check_downgrade
  while IFS= read -r path; do
    if ! is_installed "$path"; then changed+=("$path"); fi
  done < <(list_files "$release")
}

# A mirror that is behind, or someone who answers in its place, must not bring an old fault back unseen.
check_downgrade() {
  if is_on allow-downgrade || [[ ! $installed_version =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] || ! is_older "$version" "$installed_version"; then return; fi
  fail "eks-satellite $installed_version is installed, and this is $version, an older one" "--allow-downgrade installs it all the same"
}

# sort takes ~ for less than the end, as a release candidate is less than its release.
is_older() {
  local one=${1/-/\~} other=${2/-/\~}
  [[ $one != "$other" && $(printf '%s\n' "$one" "$other" | sort -V | head -n 1) == "$one" ]]
}

list_files() { (cd "$1" && find . -type f ! -path ./VERSION -printf '%P\n' | sort); }

read_installed_version() {
  if [[ ! -x $PROGRAM/bin/node ]]; then return; fi
  "$PROGRAM/bin/node" "$PROGRAM/lib/eks-satellite.mjs" version </dev/null 2>/dev/null || printf 'a version that does not start'
}

is_installed() {
  cmp --silent -- "$release/$1" "$ROOT/$1" && [[ $(stat --format=%a -- "$release/$1") == "$(stat --format=%a -- "$ROOT/$1")" ]]
}

compare_keys() {
  local file=${given[credentials-file]} keys=$scratch/credentials
  if [[ -z $file ]]; then return; fi
  (umask 077 && cat -- "$file" >"$keys")
  if ! grep -Eq '^(export )?AWS_ACCESS_KEY_ID=.' "$keys" || ! grep -Eq '^(export )?AWS_SECRET_ACCESS_KEY=.' "$keys"; then
    fail "--credentials-file ${given[credentials-file]} lacks AWS_ACCESS_KEY_ID= or AWS_SECRET_ACCESS_KEY=" \
      "one line for each; for a file with profiles, set credentials.profile in /etc/eks-satellite/config.yaml"
  fi
  if ! cmp --silent -- "$keys" "$ROOT$CREDENTIALS" || ! is_private "$ROOT$CREDENTIALS"; then keys_changed=yes; fi
}

is_private() { [[ -O $1 && $(stat --format=%a -- "$1") == 600 ]]; }

# The file with the variables that were given; its other lines stay as they are.
compare_environment() {
  local name lines=()
  if [[ -r $ENVIRONMENT ]]; then mapfile -t lines <"$ENVIRONMENT"; fi
  for name in "${KEPT_VARIABLES[@]}"; do
    if [[ -n ${!name-} ]]; then set_variable "$name" "${!name}"; fi
  done
  (umask 077 && printf '%s\n' "${lines[@]+"${lines[@]}"}" >"$scratch/environment")
}

# systemd and the launcher read quotes and backslashes each in their own way.
set_variable() {
  local index line="$1=$2"
  if [[ $2 == *[\"\'\\[:cntrl:]]* ]]; then
    fail "$1 holds a quote, a backslash or a control character" "write it with percent-encoding"
  fi
  for index in "${!lines[@]}"; do
    if [[ ${lines[index]} == "$line" ]]; then return; fi
    if [[ ${lines[index]} == "$1="* ]]; then
      lines[index]=$line
      changed_variables+=("$1")
      return
    fi
  done
  lines+=("$line")
  changed_variables+=("$1")
}

# The program itself edits its configuration, and refuses an invalid one.
configure() {
  local arguments=(configure --config "$CONFIG") name
  for name in cluster region node-name role-arn; do
    if [[ -n ${given[$name]} ]]; then arguments+=("--$name" "${given[$name]}"); fi
  done
  if [[ -n ${given[credentials-file]} || ! -e $CONFIG ]]; then arguments+=(--credentials-file "$CREDENTIALS"); fi
  run_released "${arguments[@]}" "$@"
}

compare_config() {
  configure --dry-run >"$scratch/config-changes" ||
    fail "the configuration would not be valid; nothing was changed" "correct the options or $CONFIG"
  if ! grep -q ': nothing to change$' "$scratch/config-changes"; then config_changed=yes; fi
}

decide_restart() {
  local path
  for path in "${changed[@]+"${changed[@]}"}"; do
    # Documentation and completions alone are no reason to restart anything.
    if [[ $path != usr/share/doc/* && $path != usr/local/share/* ]]; then program_changed=yes; fi
  done
  if [[ $program_changed$config_changed$keys_changed == *yes* || ${#changed_variables[@]} -gt 0 || -e $RESTART_PENDING ]]; then
    restart=yes
  fi
}

has_changes() { ((${#changed[@]} > 0)) || [[ $restart == yes ]]; }

report_changes() {
  local path would=""
  if is_on dry-run; then would="would "; fi
  if ! has_changes; then
    say "eks-satellite $version is installed, and nothing differs"
    return
  fi
  case $installed_version in
    "") say "${would}install eks-satellite $version" ;;
    "$version") say "${would}repair eks-satellite $version" ;;
    *) say "${would}replace eks-satellite $installed_version by $version" ;;
  esac
  for path in "${changed[@]+"${changed[@]}"}"; do
    if [[ $path != usr/local/share/* ]]; then say "  ${would}write $ROOT/$path"; fi
  done
  if [[ ${changed[*]-} == *usr/local/share/* ]]; then
    say "  ${would}write completions and manual pages in $ROOT/usr/local/share"
  fi
  if [[ $config_changed == yes ]]; then sed "s/^/  ${would}set /" "$scratch/config-changes"; fi
  if [[ $keys_changed == yes ]]; then say "  ${would}write $ROOT$CREDENTIALS, mode 0600"; fi
  for path in "${changed_variables[@]+"${changed_variables[@]}"}"; do say "  ${would}set $path in $ENVIRONMENT"; done
  if is_on dry-run && ! is_on skip-start && [[ $restart == yes ]]; then say "  would start or restart $UNIT"; fi
}

#### Changes

apply_changes() {
  local path
  if ! has_changes; then return; fi
  begin "installing eks-satellite $version"
  mkdir -p -- "$ROOT/opt" "$ETC"
  if [[ $restart == yes ]] && is_running; then : >"$RESTART_PENDING"; fi
  if [[ $program_changed == yes ]]; then
    switch_program
  else
    for path in "${changed[@]+"${changed[@]}"}"; do install_file "$release/$path" "$ROOT/$path" 0644; done
  fi
  begin "writing the configuration"
  if [[ $keys_changed == yes ]]; then install_file "$scratch/credentials" "$ROOT$CREDENTIALS" 0600; fi
  if ((${#changed_variables[@]} > 0)); then write_environment; fi
  if [[ $config_changed == yes ]]; then write_config; fi
}

# switch_program keeps the files of the earlier version, in the layout of a release.
switch_program() {
  local path
  if [[ -d $PROGRAM ]]; then
    rm -rf -- "$PREVIOUS"
    mkdir -p -- "$PREVIOUS/opt"
    while IFS= read -r path; do
      if [[ $path == opt/* || ! -e $ROOT/$path ]]; then continue; fi
      mkdir -p -- "$PREVIOUS/${path%/*}"
      cp --preserve=mode,timestamps -- "$ROOT/$path" "$PREVIOUS/$path"
    done < <(list_files "$release")
    flush "$PREVIOUS"
    switched=yes
    mv -- "$PROGRAM" "$PREVIOUS/opt/eks-satellite"
  fi
  place_release "$release"
  # Where the configuration is edited from here on.
  release=$ROOT
}

# place_release FOLDER: the program as one folder, the other files each by a rename.
place_release() {
  local path files
  mapfile -t files < <(list_files "$1")
  mv -- "$1/opt/eks-satellite" "$PROGRAM"
  sync -- "${PROGRAM%/*}"
  for path in "${files[@]}"; do
    if [[ $path == opt/* ]]; then continue; fi
    install_file "$1/$path" "$ROOT/$path" "$(stat --format=%a -- "$1/$path")"
  done
}

# install_file SOURCE TARGET MODE
install_file() {
  mkdir -p -- "${2%/*}"
  rm -f -- "$2.new"
  install -m "$3" -- "$1" "$2.new"
  sync -- "$2.new"
  mv -f -- "$2.new" "$2"
  sync -- "${2%/*}"
}

# The address of a proxy may hold a password; a mode that the administrator chose stays.
write_environment() {
  local mode=0600
  if [[ -e $ENVIRONMENT ]]; then mode=$(stat --format=%a -- "$ENVIRONMENT"); fi
  install_file "$scratch/environment" "$ENVIRONMENT" "$mode"
}

write_config() { configure >/dev/null; }

restore_previous() {
  say "restoring eks-satellite $installed_version" >&2
  if [[ -d $PREVIOUS/opt/eks-satellite ]]; then
    rm -rf -- "$PROGRAM"
    place_release "$PREVIOUS"
    rm -rf -- "$PREVIOUS"
  fi
  rm -f -- "$RESTART_PENDING"
  if has_systemd && systemctl is-enabled --quiet "$UNIT"; then
    reload_unit
    systemctl restart "$UNIT" || say "it does not start either: journalctl -u eks-satellite" >&2
  fi
}

#### The service

start_service() {
  begin "starting $UNIT"
  # Without --no-reload, enable would reload too.
  systemctl is-enabled --quiet "$UNIT" || systemctl enable --quiet --no-reload "$UNIT"
  if ! is_running; then
    start_with start
  elif [[ $restart == yes ]]; then
    say "restarting $UNIT; pods keep running"
    start_with restart
  fi
  committed=yes
  rm -f -- "$RESTART_PENDING"
}

# A reload takes GPUs from running containers (NVIDIA/nvidia-docker#1730), so systemd is asked first whether it needs one.
reload_unit() {
  case $(systemctl show --property=LoadState,NeedDaemonReload "$UNIT") in
    *LoadState=not-found* | *NeedDaemonReload=yes*) systemctl daemon-reload ;;
  esac
}

start_with() {
  reload_unit
  if systemctl "$1" "$UNIT"; then return; fi
  journalctl -u "$UNIT" -n 20 --no-pager >&2 || true
  fail "systemctl $1 $UNIT failed" "systemctl status $UNIT; journalctl -u eks-satellite"
}

wait_until_ready() {
  local limit=${given[wait]} end reported=$SECONDS code last="" verdict
  end=$((SECONDS + limit))
  begin "waiting until the node is Ready"
  while :; do
    code=0
    "$LAUNCHER" status >"$scratch/status" 2>&1 </dev/null || code=$?
    if ((code == 0 || SECONDS >= end)); then break; fi
    verdict=$(head -n 1 "$scratch/status")
    if [[ $verdict != "$last" ]] || ((SECONDS - reported >= 30)); then
      say "waiting, $((end - SECONDS)) s left: $verdict"
      last=$verdict
      reported=$SECONDS
    fi
    sleep 2
  done
  cat -- "$scratch/status"
  say "The log: journalctl -u eks-satellite -f"
  if ((code != 0 && limit > 0)); then
    fail "it is not Ready after $limit s; eks-satellite $version is installed and keeps trying" \
      "eks-satellite check; eks-satellite status --watch" "$EXIT_NOT_READY"
  fi
}

#### Removal

uninstall() {
  begin "uninstalling"
  # The program would make the cache again that is removed here.
  export NODE_DISABLE_COMPILE_CACHE=1
  if [[ ! -e $LAUNCHER && ! -e $UNINSTALLER && ! -e $PROGRAM && ! -e $ROOT/$UNIT_PATH ]] && ! is_on purge; then
    say "eks-satellite is not installed"
    return
  fi
  show_removal
  if is_on dry-run; then return; fi
  confirm_removal
  leave_cluster
  begin "removing the files"
  remove_files
  say "eks-satellite is removed"
}

can_reset() { [[ -x $LAUNCHER && $("$LAUNCHER" --help </dev/null 2>/dev/null) == *$'\n'"  reset "* ]]; }

reset_arguments() {
  printf '%s\n' reset
  if is_on purge; then printf '%s\n' --purge; fi
}

show_removal() {
  local arguments
  if can_reset; then
    mapfile -t arguments < <(reset_arguments)
    "$LAUNCHER" "${arguments[@]}" --dry-run </dev/null
  fi
  say "files: $PROGRAM, $PREVIOUS, $LAUNCHER, $UNINSTALLER, $ROOT/$UNIT_PATH, $ROOT/usr/share/doc/eks-satellite, $ROOT/var/cache/eks-satellite, completions and manual pages in $ROOT/usr/local/share"
  if is_on purge; then say "configuration and keys: $ETC"; else say "$ETC stays"; fi
}

# Standard input may be this script.
confirm_removal() {
  local answer=""
  if is_on yes; then return; fi
  if ! { : </dev/tty; } 2>/dev/null; then
    fail "there is no terminal to ask on" "--uninstall --dry-run shows what would go, --uninstall --yes does it"
  fi
  read -r -p "Remove all of this? [y/N] " answer </dev/tty || true
  if [[ $answer != [yY]* ]]; then fail "not confirmed; nothing was changed"; fi
}

leave_cluster() {
  local arguments
  if can_reset; then
    begin "leaving the cluster"
    mapfile -t arguments < <(reset_arguments)
    "$LAUNCHER" "${arguments[@]}" --yes </dev/null ||
      fail "eks-satellite reset left something behind, so the program stays too" "see above, then run this again"
  elif has_systemd && [[ -e $ROOT/$UNIT_PATH ]]; then
    begin "stopping $UNIT"
    systemctl disable --quiet --no-reload --now "$UNIT"
    say "this eks-satellite cannot reset the machine: what it changed stays, with the originals in $ROOT/var/lib/eks-satellite"
  fi
}

# No daemon-reload: systemd forgets a stopped unit by itself, and a reload takes GPUs from running containers.
remove_files() {
  rm -rf -- "$PROGRAM" "$PREVIOUS" "$ROOT/usr/share/doc/eks-satellite" "$ROOT/var/cache/eks-satellite"
  remove_shell_files
  rm -f -- "$LAUNCHER" "$UNINSTALLER" "$ROOT/$UNIT_PATH" "$ROOT/etc/systemd/system/multi-user.target.wants/$UNIT" "$RESTART_PENDING"
  if is_on purge; then rm -rf -- "$ETC"; fi
}

# Completions and manual pages, and the folders that held nothing else.
remove_shell_files() {
  local share=$ROOT/usr/local/share folder
  rm -f -- "$share"/man/man[58]/eks-satellite{,-*}.[58] "$share/bash-completion/completions/eks-satellite" \
    "$share/zsh/site-functions/_eks-satellite" "$share/fish/vendor_completions.d/eks-satellite.fish"
  for folder in man/man5 man/man8 bash-completion{/completions,} zsh{/site-functions,} fish{/vendor_completions.d,}; do
    if [[ -d $share/$folder ]]; then rmdir --ignore-fail-on-non-empty -- "$share/$folder"; fi
  done
}

main "$@"
}
