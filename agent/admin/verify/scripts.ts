// What runs in the pods: shell, with busybox's httpd, nslookup and wget. The results come back as termination messages, which need no way to kubelet.

/** Serves a page at the pod's address and on loopback: kubelet forwards ports to loopback, Services lead to the address. */
export const WEB_SCRIPT = `
printf '%s\\n' "$TOKEN" > /work/index.html
echo "$TOKEN"
case $POD_IP in *:*) here="[$POD_IP]" ;; *) here=$POD_IP ;; esac
httpd -p "127.0.0.1:$PORT" -h /work || exit 1
exec httpd -f -p "$here:$PORT" -h /work
`;

/** Seconds until the probe reports what it has. */
export const PROBE_SECONDS = 14;

/** Asks until it is well, for a Service's rules may be written a moment after it. What a question has said stays until the next one has ended. */
export const PROBE_SCRIPT = `
cd /work
domain=cluster.local
while read -r word rest; do
  [ "$word" = search ] || continue
  for each in $rest; do case $each in svc.*) domain=\${each#svc.} ;; esac; done
done < /etc/resolv.conf
line='
'
has () {
  case "$(cat "$1")$line" in *"$2"*) return 0 ;; esac
  return 1
}
# wget's own -T crashes in Debian's static busybox.
within () {
  limit=$1
  shift
  "$@" &
  program=$!
  (sleep "$limit"; kill $program) 2> /dev/null &
  killer=$!
  wait $program
  kill $killer
}
# The report may be written at any moment: no file of it is empty for a while.
say () {
  echo "$1" > "$name.new"
  mv "$name.new" "$name.said"
}
ask () {
  name=$1 limit=$2 wanted=$3 other=$4
  shift 4
  while :; do
    within "$limit" "$@" > "$name.try" 2>&1
    [ -s "$name.try" ] && mv "$name.try" "$name"
    if has "$name" "$wanted" || has "$name" "$other"; then say yes; return; fi
    say no
    sleep 1
  done
}
for name in dns cluster-ip service node-port; do : > "$name"; done
case $NODE_IP in *:*) node="[$NODE_IP]" ;; *) node=$NODE_IP ;; esac
ask dns 6 ": $API_IP$line" ": $API_IP " nslookup "kubernetes.default.svc.$domain" &
ask cluster-ip 3 HTTP/1. HTTP/2 wget -O - "http://$API_HOST:443/" &
ask service 3 "$TOKEN" "$TOKEN" wget -q -O - "http://$SERVICE_HOST/" &
ask node-port 3 "$TOKEN" "$TOKEN" wget -q -O - "http://$node:$NODE_PORT/" &
seconds=0
while [ $seconds -lt ${PROBE_SECONDS} ]; do
  all=yes
  for name in dns cluster-ip service node-port; do
    [ -e "$name.said" ] && has "$name.said" yes || all=no
  done
  [ $all = yes ] && break
  seconds=$((seconds + 1))
  sleep 1
done
for name in dns cluster-ip service node-port; do
  echo "== $name $([ -e "$name.said" ] && cat "$name.said" || echo late)"
  cat "$name"
  echo
done > /dev/termination-log
`;

/** Opens each device: one that fell off the bus is there and cannot be opened. nvidia-smi runs only in images with a C library that fits. */
export const GPU_SCRIPT = `
opened=''
problems=''
for each in /dev/nvidia[0-9]*; do
  if problem=$( { : < "$each"; } 2>&1 ); then opened="$opened $each"; else problems="$problems $problem"; fi
done
{
  echo "opened:$opened"
  echo "problems:$problems"
  nvidia-smi -L 2>/dev/null
  :
} > /dev/termination-log
[ -n "$opened" ]
`;
