#!/bin/bash
# A first-boot script that makes a machine a node of EKS cluster the-cluster in eu-north-1: eks-satellite user-data wrote it.
# It is for images with Debian 12 or 13, or Ubuntu 20.04, 22.04 or 24.04, of Lambda Stack too: what Docker brought stays as it is.
# It holds AWS keys. Everyone who can see the launch can see them, and so can root on the machine and, where the cloud
# has a metadata service, each process that reaches it: docs/how-to/user-data.md says which keys to give to a machine.
# How it went: eks-satellite status
{
if [ "$(id -u)" != 0 ]; then echo "this needs root: sudo bash" >&2; exit 1; fi
if [ -e /opt/eks-satellite ] && [ "$(cat /etc/eks-satellite/.user-data 2>/dev/null)" = 26a40141f39c1fdec679dc83f8e985d47cdf5ba31c3ada8d6eb6705c1c34c8ce ]; then
  echo "this text was put in force before: remove /etc/eks-satellite/.user-data to do it again"
  exit 0
fi
set -eu
mkdir -p /etc/eks-satellite
rm -f /etc/eks-satellite/config.yaml.new
(umask 077 && cat >/etc/eks-satellite/config.yaml.new) <<'END'
cluster:
  name: the-cluster
  region: eu-north-1
node:
  name: the-node
credentials:
  keysFile: /etc/eks-satellite/credentials
  assumeRole:
    arn: arn:aws:iam::111122223333:role/the-role
kubelet:
  flags:
    v: 4
containerd:
  config:
    plugins:
      io.containerd.x:
        a: $HOME
END
chmod 0644 /etc/eks-satellite/config.yaml.new
sync -- /etc/eks-satellite/config.yaml.new
mv -f /etc/eks-satellite/config.yaml.new /etc/eks-satellite/config.yaml
mkdir -p /etc/eks-satellite
rm -f /etc/eks-satellite/credentials.new
(umask 077 && cat >/etc/eks-satellite/credentials.new) <<'END'
AWS_ACCESS_KEY_ID=TheKeyId
AWS_SECRET_ACCESS_KEY=TheSecret
END
chmod 0600 /etc/eks-satellite/credentials.new
sync -- /etc/eks-satellite/credentials.new
mv -f /etc/eks-satellite/credentials.new /etc/eks-satellite/credentials
export HTTPS_PROXY=http://proxy.example.com:3128
export http_proxy=http://proxy.example.com:3128
export NO_PROXY=169.254.169.254
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
download () {
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
version=9.8.7
releases=https://github.com/eks-satellite/eks-satellite/releases
case $(uname -m) in
  x86_64) architecture=amd64 sum=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ;;
  aarch64) architecture=arm64 sum=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ;;
  *) echo "eks-satellite $version is not pinned for $(uname -m)" >&2; exit 1 ;;
esac
name=eks-satellite-$version-linux-$architecture
download "$releases/download/v$version/$name.tar.gz" "$work/$name.tar.gz"
echo "$sum  $work/$name.tar.gz" | sha256sum --check --quiet
tar --extract --gzip --to-stdout --file "$work/$name.tar.gz" "$name/usr/share/doc/eks-satellite/install.sh" >"$work/install.sh"
bash "$work/install.sh" --from "$work/$name.tar.gz" --sha256 "$sum" --wait 600 </dev/null
echo 26a40141f39c1fdec679dc83f8e985d47cdf5ba31c3ada8d6eb6705c1c34c8ce >/etc/eks-satellite/.user-data
exit 0
}
