#!/bin/sh
# shellcheck disable=SC2013,SC2016,SC2034,SC2046,SC2086,SC2317,SC2329
# Asks what the plan below says with the tools of this host and prints their answers as one JSON document. It changes nothing.
# Diagnose it elsewhere: vpce-doctor diagnose --evidence FILE
#PLAN#
set -f +eu
unwritten() { echo 'vpce-doctor: the document could not be written.' >&2; exit 1; }
# A pipe would get the number of the closed output, and answers go astray.
(exec 3>&1) 2>/dev/null || unwritten
unset CDPATH
ENVHOME=$HOME
LC_ALL=C LANG=C HOME=/
export LC_ALL LANG HOME
umask 077
NL='
'
TAB=$(printf '\t')
CAP=20000
have() { command -v "$1" >/dev/null 2>&1; }
now() {
  t=$(date +%s%3N 2>/dev/null)
  case $t in '' | *[!0-9]*) t=$(date +%s 2>/dev/null); if [ -n "$t" ]; then t=${t}000; else t=0; fi ;; esac
  echo "$t"
}
T0=$(now)
STARTED=$(date -u +%Y-%m-%dT%H:%M:%SZ 2>/dev/null)

# ---- every question is bounded ----
if have timeout && timeout 5 true 2>/dev/null; then
  limit() { timeout "$@"; }
elif have timeout && timeout -t 5 true 2>/dev/null; then
  limit() { n=$1; shift; timeout -t "$n" "$@"; }
elif ! have sleep; then
  limit() { echo 'not asked: neither timeout nor sleep is here'; return 125; }
else
  # Nothing is left behind but a sleep of a few seconds.
  limit() {
    n=$1; shift
    { "$@" <&3 & } 3<&0
    p=$!
    { sleep "$n"; kill "$p"; } >/dev/null 2>&1 </dev/null &
    w=$!
    wait "$p"; e=$?
    kill "$w" 2>/dev/null
    return "$e"
  }
fi
if have head && have tail; then
  cap() { head -c "$CAP"; echo; tail -n 1; }
else
  cap() { pass; }
fi
pass() { if have cat; then cat; else while IFS= read -r q || [ -n "$q" ]; do printf '%s\n' "$q"; done; fi; }
if have tr; then clean() { tr -d '\000\r'; }; else clean() { pass; }; fi
# ask SECONDS COMMAND…: what it printed, cut to CAP bytes, with "exit N" as its last line
ask() { { limit "$@" 2>&1; printf '\nexit %s\n' "$?"; } | cap | clean; }

# ---- JSON: texts as arrays of lines; whatever is not printable ASCII becomes a question mark ----
if have tr && have sed; then
  lines() {
    tr '\001-\010\013-\037\177-\377' '?' | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e "s/$TAB/\\\\t/g" -e 's/.*/"&",/'
    printf null
  }
else
  lines() {
    while IFS= read -r l || [ -n "$l" ]; do
      o=
      while [ -n "$l" ]; do
        c=${l%"${l#?}"}
        l=${l#?}
        case $c in \\ | \") o=$o\\$c ;; "$TAB") o="$o\\t" ;; [[:print:]]) o=$o$c ;; *) o="$o?" ;; esac
      done
      printf '"%s",' "$o"
    done
    printf null
  }
fi
# record KIND FIELDS TEXT
record() {
  printf '{"record":"%s",%s"lines":[' "$1" "$2"
  printf '%s\n' "$3" | lines | { if have tr; then tr -d '\n'; else while IFS= read -r q || [ -n "$q" ]; do printf '%s' "$q"; done; fi; }
  printf ']},\n'
}
skip() { record skipped "\"what\":\"$1\"," "$2"; }

# ---- jobs side by side where there is room for files, else one after the other ----
D=
for d in "${TMPDIR:-/tmp}" /tmp /dev/shm /var/tmp /run; do
  if have mktemp && have mv && have rm && have cat; then D=$(mktemp -d "$d/vpce-doctor.XXXXXX" 2>/dev/null) && break; fi
  D=
done
N=0 P='' R=''
spawn() {
  N=$((N + 1))
  if [ -z "$D" ]; then
    R="$R$("$@" </dev/null 2>/dev/null)$NL"
    return
  fi
  # `exec`, so that no child keeps this script's own output open when it is stopped.
  (exec >"$D/$N.part" </dev/null 2>/dev/null; "$@"; mv "$D/$N.part" "$D/$N.done") &
  P="$P $!"
  if [ $((N % JOBS)) -eq 0 ]; then settle; fi
}
settle() {
  [ -z "$P" ] || wait $P
  P=
}
# What jobs have printed, in the order in which they were started. Lines that begin with # are for this script alone.
results() {
  if [ -z "$D" ]; then printf '%s' "$R"; return; fi
  i=0
  while [ "$i" -lt "$N" ]; do
    i=$((i + 1))
    [ ! -f "$D/$i.done" ] || cat "$D/$i.done"
  done
}
marks() { results | while IFS= read -r l; do case $l in "#$1 "*) echo "${l#"#$1 "}" ;; esac; done; }
# HOW IT ENDED. Gives up where it cannot be written: a document without its middle would look like one.
document() {
  printf '{"schemaVersion":1,"kind":"vpce-doctor-raw-evidence","tool":{"name":"vpce-doctor","version":"%s"},\n' "$VERSION" &&
    printf '"startedAt":"%s","durationMs":%s,"ended":"%s",\n' "${STARTED:-1970-01-01T00:00:00Z}" "$(($(now) - T0))" "$1" &&
    printf '"requests":%s,\n"region":%s,\n"records":[\n' "$REQUESTS" "$REGION" &&
    results | while IFS= read -r l; do case $l in '{'*) printf '%s\n' "$l" || exit 1 ;; esac; done &&
    printf 'null]}\n'
}
finish() {
  # A reader that goes away ends no shell that has yet to clean up.
  trap '' INT TERM HUP ALRM PIPE
  [ -z "$P" ] || kill $P 2>/dev/null
  document "$1" 2>/dev/null
  e=$?
  if [ -n "$D" ]; then rm -rf "$D"; fi
  if [ -n "$WATCH" ]; then kill "$WATCH" 2>/dev/null; fi
  [ "$e" -eq 0 ] || unwritten
  exit 0
}
WATCH=
trap 'finish interrupted' INT TERM HUP
trap 'finish deadline' ALRM
if have sleep; then
  { n=0; while [ "$n" -lt "$DEADLINE" ]; do sleep 1; n=$((n + 1)); kill -0 $$ || exit; done; kill -ALRM $$; } </dev/null >/dev/null 2>&1 &
  WATCH=$!
fi

# ---- the guard of test runs: IPv4 blocks, and IPv6 addresses as they are ----
number() {
  case $1 in *[!0-9.]* | *.*.*.*.* | *..* | .* | *.) return 1 ;; *.*.*.*) ;; *) return 1 ;; esac
  f=$IFS; IFS=.
  set -- $1
  IFS=$f
  n=$((($1 << 24) + ($2 << 16) + ($3 << 8) + $4))
}
allowed() {
  [ -n "${VPCE_DOCTOR_ONLY+x}" ] || return 0
  for b in $VPCE_DOCTOR_ONLY; do
    [ "$b" = "$1/128" ] && return 0
    number "$1" || continue
    g=$n
    number "${b%/*}" || continue
    s=${b#*/}
    case $s in '' | *[!0-9]*) continue ;; esac
    [ "$s" -le 32 ] && [ $((g >> (32 - s))) -eq $((n >> (32 - s))) ] && return 0
  done
  return 1
}
is_address() { case $1 in *:*[!0-9a-fA-F:.]* | *[!0-9a-fA-F:.]*:*) return 1 ;; *:*) return 0 ;; esac; number "$1"; }

# ---- the tools ----
DNS='' TCP='' TLS='' HTTP='' NCZ=''
for t in getent nslookup dig; do have "$t" && DNS=$t; done
if have nc; then case $(nc -h 2>&1 </dev/null) in *-z*) NCZ=nc ;; esac; fi
for t in openssl curl; do have "$t" && HTTP=$t; done
for t in curl openssl; do have "$t" && TLS=$t; done
if have bash; then TCP=bash; elif [ -n "$NCZ" ]; then TCP=nc; elif have curl; then TCP=curl; elif have openssl; then TCP=openssl; fi
OV=
if have openssl; then OV=$(openssl version 2>/dev/null); fi
tools() {
  x=
  for t in getent dig nslookup curl wget openssl nc bash timeout ip ifconfig sed tr; do have "$t" && x="$x$t$NL"; done
  record tools '' "$x$OV"
  [ -n "$DNS" ] || skip dns 'no tool for DNS: dig, nslookup and getent are missing'
  [ "$DNS" != getent ] || skip dns 'dig and nslookup are missing: getent does not say which resolver answered, or why none did'
  [ -n "$TCP" ] || skip tcp 'no tool for TCP: bash, nc -z, curl and openssl are missing'
  [ -n "$TLS" ] || skip tls 'no tool for TLS: openssl and curl are missing'
  [ "$TLS" != curl ] || skip tls 'no tool for other handshakes: openssl is missing'
  [ -n "$HTTP" ] || skip https 'no tool for HTTPS: curl and openssl are missing'
}

# ---- where this host stands ----
file() {
  [ -r "$1" ] || return 0
  if have head; then
    x=$(head -c 60000 "$1" 2>/dev/null)
  else
    x='' k=0
    while IFS= read -r l || [ -n "$l" ]; do
      x="$x$l$NL"
      k=$((k + 1))
      [ "$k" -lt 2000 ] || break
    done <"$1" 2>/dev/null
  fi
  # An interface may be called almost anything, a quote included.
  record file "\"path\":$(text "$1")," "$x"
}
bare() { # a URL without what may be secret
  x=$1
  case $x in *://*) s=${x%%://*}://; x=${x#*://} ;; *) s= ;; esac
  x=${x##*@}
  x=${x%%\?*}
  x=$s${x%%#*}
}
variable() {
  eval "v=\${$1-} w=\${$1+x}"
  [ -n "$w" ] || return 0
  case $1 in
    *_KEY* | *CREDENTIALS* | *TOKEN*) v=${v:+set} ;;
    *[pP][rR][oO][xX][yY] | AWS_ENDPOINT_URL*) case $1 in [nN][oO]*) ;; *) bare "$v"; v=$x ;; esac ;;
  esac
  record variable "\"name\":\"$1\"," "$v"
}
urls() { if have env && have sed; then env | sed -n 's/^\(AWS_ENDPOINT_URL[A-Z0-9_]*\)=.*/\1/p'; fi; }
config() {
  c=${AWS_CONFIG_FILE:-$ENVHOME/.aws/config}
  case $c in \~/*) c=$ENVHOME/${c#??} ;; esac
  [ -r "$c" ] || return 0
  y=
  while IFS= read -r l || [ -n "$l" ]; do
    k=${l%%=*}
    v=${l#*=}
    k2=${k%"${k##*[!" $TAB"]}"}
    k2=${k2##*[" $TAB"]}
    case $l in
      '['*) y="$y$l$NL" ;;
      *=*) case $k2 in
        region | services | use_fips_endpoint | use_dualstack_endpoint | ignore_configured_endpoint_urls | ca_bundle) y="$y$l$NL" ;;
        endpoint_url) bare "$v"; y="$y$k= $x$NL" ;;
        aws_access_key_id | credential_process | sso_session | sso_start_url | web_identity_token_file | login_session) y="$y$k= set$NL" ;;
        *) case $v in *[!\ ]*) ;; *) y="$y$k=$NL" ;; esac ;;
      esac ;;
    esac
  done <"$c"
  record file '"path":"~/.aws/config",' "$y"
}
vantage() {
  for f in /etc/resolv.conf /etc/hosts /proc/net/route /proc/net/ipv6_route /proc/sys/net/ipv4/ip_local_port_range /proc/1/cgroup \
    /.dockerenv /run/.containerenv /sys/devices/virtual/dmi/id/sys_vendor /sys/devices/virtual/dmi/id/board_asset_tag /sys/hypervisor/uuid; do
    file "$f"
  done
  if [ -r /proc/net/dev ]; then
    while IFS=: read -r l x; do
      l=${l##* }
      case $l in '' | *'|'* | Inter*) ;; *) file "/sys/class/net/$l/mtu" ;; esac
    done </proc/net/dev
  fi
  if have ip; then record addresses '"tool":"ip",' "$(ask 2 ip -o addr show)"
  elif have ifconfig; then record addresses '"tool":"ifconfig",' "$(ask 2 ifconfig -a)"; fi
  HOME=$ENVHOME
  for v0 in AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_DEFAULT_PROFILE AWS_USE_FIPS_ENDPOINT AWS_USE_DUALSTACK_ENDPOINT \
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_WEB_IDENTITY_TOKEN_FILE \
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME \
    AWS_EC2_METADATA_DISABLED AWS_EC2_METADATA_SERVICE_ENDPOINT AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE AWS_CA_BUNDLE SSL_CERT_FILE \
    REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS ECS_CONTAINER_METADATA_URI ECS_CONTAINER_METADATA_URI_V4 KUBERNETES_SERVICE_HOST \
    HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy NO_PROXY no_proxy VPCE_DOCTOR_OWN_VARIABLES $(urls); do
    variable "$v0"
  done
  config
}
# What programs on this host trust: how many certificates, and the subjects of Amazon's roots among them.
stores() {
  if ! have openssl || ! have sed; then skip 'trust stores' 'openssl is missing'; return; fi
  first=
  for f in "$SSL_CERT_FILE" "$AWS_CA_BUNDLE" "$REQUESTS_CA_BUNDLE" "$CURL_CA_BUNDLE" "$NODE_EXTRA_CA_CERTS" $BUNDLES; do
    [ -n "$f" ] || continue
    case " $BUNDLES " in *" $f "*) [ -z "$first" ] || continue; [ -r "$f" ] && first=$f ;; esac
    [ -r "$f" ] || continue
    x=$({ openssl crl2pkcs7 -nocrl -certfile "$f" 2>/dev/null | openssl pkcs7 -print_certs -noout 2>/dev/null; } |
      sed -n -e 's/^subject= *//p' | { k=0 y=; while IFS= read -r l; do k=$((k + 1)); case $l in *Amazon* | *Starfield*) y="$y$NL$l" ;; esac; done; echo "$k$y"; })
    printf '%s' "$f" | lines >/dev/null
    record store "\"path\":$(text "$f")," "$x"
  done
}
text() { printf '%s\n' "$1" | lines | { IFS= read -r q; q=${q%,}; q=${q%,null}; printf '%s' "${q:-null}"; }; }

# ---- metadata services: plain HTTP to an address ----
# http SECONDS METHOD ADDRESS PORT PATH HEADER: the raw answer
http() {
  hp=$3; case $hp in *:*) hp="[$hp]" ;; esac
  if have curl; then
    ask "$1" curl -q -s -S -i --noproxy '*' -m "$1" -X "$2" ${6:+-H "$6"} "http://$hp:$4$5"
  elif have bash; then
    ask "$1" bash -c 'exec 3<>"/dev/tcp/$0/$1" && echo connected && { printf "%s %s HTTP/1.0\r\nHost: %s\r\n" "$2" "$3" "$0"; [ -z "$4" ] || printf "%s\r\n" "$4"; printf "\r\n"; } >&3 && while IFS= read -r l <&3 || [ -n "$l" ]; do printf "%s\n" "$l"; done' "$3" "$4" "$2" "$5" "$6"
  elif have nc; then
    { printf '%s %s HTTP/1.0\r\nHost: %s\r\n' "$2" "$5" "$3"; [ -z "$6" ] || printf '%s\r\n' "$6"; printf '\r\n'; } | ask "$1" nc -w "$1" "$3" "$4"
  fi
}
place() { # URL: its address, port and path
  u=${1#http://}
  [ "$u" != "$1" ] || return 1
  base=/${u#*/}
  [ "$base" != "/$u" ] || base=
  u=${u%%/*}
  case $u in
    '['*) a=${u#'['}; a=${a%%']'*}; u=${u##*']'}; p=${u#:} ;;
    *:*) a=${u%:*}; p=${u##*:} ;;
    *) a=$u; p=80 ;;
  esac
  [ "$a" != localhost ] || a=127.0.0.1
  is_address "$a" && allowed "$a"
}
metadata() { # METHOD PATH HEADER: records it, and leaves the body in $body
  t1=$(now)
  o=$(http 1 "$1" "$a" "${p:-80}" "$base$2" "$3")
  body=${o#*"$NL$NL"}
  body=${body%%"${NL}exit "*}
  case $o in *HTTP/*' 200'*) ;; *) body= ;; esac
  # The token opens the door to credentials for a minute: it is no evidence.
  [ "$1" = GET ] || case $o in *HTTP/*' 200'*) o="${o%%"$NL$NL"*}$NL${NL}TOKEN${NL}exit 0" ;; esac
  t2=$(now)
  record metadata "\"method\":\"$1\",\"path\":$(text "$base$2"),\"address\":\"$a\",\"port\":${p:-80},\"ms\":$((t2 - t1)),\"at\":$t2," "$o"
}
imds() {
  case ${AWS_EC2_METADATA_DISABLED-} in [tT][rR][uU][eE]) return ;; esac
  [ -z "${AWS_LAMBDA_FUNCTION_NAME-}" ] && [ "${AWS_EXECUTION_ENV-}" != AWS_ECS_FARGATE ] || return
  u=http://169.254.169.254
  case ${AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE-} in [iI][pP][vV]6) u='http://[fd00:ec2::254]' ;; esac
  place "${AWS_EC2_METADATA_SERVICE_ENDPOINT:-$u}" || return
  metadata PUT /latest/api/token 'x-aws-ec2-metadata-token-ttl-seconds: 60'
  TOKEN=${body%%"$NL"*}
  case $TOKEN in '' | *[!A-Za-z0-9_=+/-]*) return ;; esac
  h="x-aws-ec2-metadata-token: $TOKEN"
  for q in meta-data/placement/availability-zone meta-data/placement/availability-zone-id meta-data/placement/region \
    meta-data/services/partition meta-data/instance-id dynamic/instance-identity/document meta-data/network/interfaces/macs/; do
    metadata GET "/latest/$q" "$h"
  done
  for m in $body; do
    case ${m%/} in *[!0-9a-fA-F:]*) continue ;; esac
    for q in interface-id device-number vpc-id subnet-id security-group-ids local-ipv4s ipv6s public-ipv4s subnet-ipv4-cidr-block \
      vpc-ipv4-cidr-blocks vpc-ipv6-cidr-blocks owner-id ipv4-prefix ipv6-prefix vpc-ipv4-cidr-block; do
      metadata GET "/latest/meta-data/network/interfaces/macs/${m%/}/$q" "$h"
    done
    echo "#vpc ${body%%"$NL"*}"
  done
}
task() {
  CAP=60000
  place "$ECS_CONTAINER_METADATA_URI_V4" || return
  metadata GET '' ''
  metadata GET /task ''
}

# ---- questions ----
# answer RUNG SUBJECT TOOL START TEXT
answer() {
  t2=$(now)
  record answer "\"rung\":\"$1\",\"subject\":{$2},\"tool\":\"$3\",\"ms\":$((t2 - $4)),\"at\":$t2," "$5"
}
found() { case " $known " in *" $1 "*) ;; *) known="$known $1" ;; esac; }
# dns NAME TYPE SERVER TRANSPORT ATTEMPT
dns() {
  # A search list may hold anything; what is no name would be none in the document either.
  case $1 in *[!A-Za-z0-9._-]*) return ;; esac
  if ! allowed "$3"; then skip dns "VPCE_DOCTOR_ONLY keeps packets from $3"; return; fi
  t1=$(now)
  s="\"name\":\"$1\",\"type\":\"$2\",\"server\":\"$3\",\"port\":53,\"transport\":\"$4\"${5:+,\"attempt\":$5}"
  tool=$DNS
  case $DNS in
    dig) o=$(ask 6 dig "@$3" "$1." "$2" +time=1 "+tries=$([ -n "$5" ] && echo 1 || echo 2)" +nocmd $([ "$4" = udp ] || echo +tcp)) ;;
    nslookup) [ "$4" = udp ] || return; o=$(ask 6 nslookup "-type=$2" -timeout=1 -retry=1 "$1." "$3") ;;
    getent) [ "$4$5" = udp ] && [ "$3" = "$FIRST" ] || return; o=$(ask 12 getent "ahostsv$([ "$2" = A ] && echo 4 || echo 6)" "$1") ;;
    *) return ;;
  esac
  answer dns "$s" "$tool" "$t1" "$o"
  known='' w1='' named=
  for w in $o; do
    case $w in Name:) named=1 ;; esac
    case $tool in
      dig) case $w1 in A | AAAA) is_address "$w" && found "$w" ;; esac ;;
      nslookup) [ -z "$named" ] || case $w1 in Address: | *[0-9]:) is_address "$w" && found "$w" ;; esac ;;
      getent) case $w in STREAM) is_address "$w1" && found "$w1" ;; esac ;;
    esac
    w1=$w
  done
  for w in $known; do [ "$w" = "$3" ] && [ "$tool" = nslookup ] || echo "#address $1 $w"; done
  case $o in
    *'status: NXDOMAIN'* | *": NXDOMAIN"*) x=nxdomain ;;
    *SERVFAIL*) x=failed ;;
    # A second that passed before the answer is a packet that was lost.
    *'status: '* | *Name:*) x=answered; [ $((t2 - t1)) -lt 900 ] || x=slow ;;
    *refused* | *REFUSED*) x=refused ;;
    *) x=silent ;;
  esac
  [ -n "$5" ] || [ "$4" = tcp ] || echo "#dns $x $1 $2 $3"
}
opened() {
  case $1 in bash | nc) case $2 in *"${NL}exit 0"*) return 0 ;; esac ;; *) case $2 in *'Connected to '* | *'stablished connection to'* | *CONNECTED*) return 0 ;; esac ;; esac
  return 1
}
knock() {
  ask 5 curl -q -s -v --noproxy '*' --connect-timeout 4 -m 5 ${3:+--local-port "$3"} -o /dev/null -w '\nbegan 0.0\nended %{time_total}\n' "https://$1:$2/"
}
# tcp ADDRESS PORT [LOCAL PORT]
tcp() {
  if ! allowed "$1"; then skip tcp "VPCE_DOCTOR_ONLY keeps packets from $1"; return 1; fi
  t1=$(now)
  hp=$1; case $hp in *:*) hp="[$hp]" ;; esac
  tool=$TCP
  if [ -n "$3" ]; then tool=$NCZ; [ -n "$tool" ] || { have curl && tool=curl; }; fi
  case $tool in
    bash) o=$(ask 4 bash -c 'echo "began $EPOCHREALTIME"; trap "echo \"ended \$EPOCHREALTIME\"" EXIT; exec 3<>"/dev/tcp/$0/$1"' "$1" "$2") ;;
    nc) o=$(ask 4 nc -v -n -z -w 4 ${3:+-p "$3"} "$1" "$2") ;;
    curl) o=$(knock "$hp" "$2" "$3") ;;
    openssl) o=$(ask 4 openssl s_client -connect "$hp:$2") ;;
    *) return 1 ;;
  esac
  # A connect that waits hears of this machine's own refusal a second late; curl's does not, and when tells who refused.
  case $tool.$o in bash.*'No route to host'*) if have curl; then tool=curl; o=$(knock "$hp" "$2"); fi ;; esac
  answer tcp "\"address\":\"$1\",\"port\":$2${3:+,\"localPort\":$3}" "$tool" "$t1" "$o"
  opened "$tool" "$o"
}
# tls ADDRESS PORT HOST [HELLO]: says whether the certificate was trusted (0), the hello dropped (2) or neither (1)
tls() {
  t1=$(now)
  hp=$1; case $hp in *:*) hp="[$hp]" ;; esac
  tool=$TLS
  [ "$4" != plaintext ] || { tool=; have bash && tool=bash; }
  groups=
  case "$4 $OV" in ?*' OpenSSL 3.'*) groups='-groups X25519:P-256:P-384' ;; esac
  case $tool.$4 in
    openssl.) o=$(ask 5 openssl s_client -connect "$hp:$2" -servername "$3" -showcerts $CA -alpn "$BIG") ;;
    openssl.small) o=$(ask 5 openssl s_client -connect "$hp:$2" -servername "$3" -showcerts $CA $groups) ;;
    openssl.without-sni) o=$(ask 5 openssl s_client -connect "$hp:$2" $NOSNI -showcerts $CA $groups) ;;
    openssl.unacceptable) o=$(ask 5 openssl s_client -connect "$hp:$2" -servername "$3" -tls1_2 -cipher NULL-SHA256:@SECLEVEL=0 $groups) ;;
    bash.plaintext) o=$(ask 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && echo CONNECTED && printf "GET / HTTP/1.0\r\n\r\n" >&3 && IFS= read -r -n 1 -d "" x <&3; e=$?; printf "byte %d\n" "'\''$x"; exit $e' "$1" "$2") ;;
    curl.) o=$(ask 8 curl -q -s -S -v -I --noproxy '*' --resolve "$3:$2:$hp" --connect-timeout 4 -m 8 $CC -w '\n%{certs}\n' -o /dev/null "https://$3:$2/") ;;
    *) return 1 ;;
  esac
  answer tls "\"address\":\"$1\",\"port\":$2,\"serverName\":\"$3\"${4:+,\"hello\":\"$4\"}" "$tool" "$t1" "$o"
  case $o in
    *'Verify return code: 0 '* | *'certificate verify ok'*) return 0 ;;
    *'BEGIN CERTIFICATE'* | *' alert '* | *'wrong version'*) return 1 ;;
  esac
  # openssl keeps its first words to itself until it ends by itself; that TCP opens was seen before.
  case $o in *CONNECTED* | *'Connected to '* | *"${NL}exit 1"[234][0-9]*) return 2 ;; esac
  return 1
}
# https ADDRESS PORT HOST METHOD PATH [small|padding]
https() {
  t1=$(now)
  hp=$1; case $hp in *:*) hp="[$hp]" ;; esac
  more=
  case $6 in small*) more=',"hello":"small"' ;; esac
  case $6 in *padding) more=$more',"padding":16384' ;; esac
  case $HTTP in
    curl) o=$(ask 7 curl -q -s -S -i --noproxy '*' --resolve "$3:$2:$hp" --connect-timeout 4 -m 6 -A vpce-doctor $CC \
      $([ "$4" = HEAD ] && echo -I || echo "-X $4") $(case $6 in *padding) echo "-H x-padding:$PAD" ;; esac) \
      -w '\nvpce-doctor %{http_code} %{time_connect} %{time_appconnect} %{time_starttransfer}\n' "https://$3:$2$5") ;;
    openssl) o=$({ printf '%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: vpce-doctor\r\nConnection: close\r\n%s\r\n' "$4" "$5" "$3" \
      "$(case $6 in *padding) printf 'x-padding: %s\r\nx-end: .' "$PAD" ;; esac)"; sleep 4; } | ask 6 openssl s_client -quiet -verify_return_error -verify_quiet -connect "$hp:$2" -servername "$3" $CA) ;;
    *) return ;;
  esac
  answer https "\"address\":\"$1\",\"port\":$2,\"serverName\":\"$3\",\"method\":\"$4\",\"path\":$(text "$5")$more" "$HTTP" "$t1" "$o"
}
# Everything at one address: ADDRESS PORT HOST APPLICATION METHOD PATH
reach() {
  if ! tcp "$1" "$2"; then
    # Who says no at once says it to every source port.
    case $o in *refused* | *route* | *nreachable* | *permitted* | *denied*) echo "#settled $1/$2" ;; esac
    return
  fi
  [ "$3" != - ] && [ "$4" != tcp ] || return
  tls "$1" "$2" "$3"
  case $? in
    0) [ "$4" = https ] || return; https "$1" "$2" "$3" "$5" "$6"; echo "#reached $*" ;;
    2) echo "#dropped $*" ;;
  esac
}
# A hello with few bytes; where it passes, whether requests do that are short, and long.
small() {
  tls "$1" "$2" "$3" small && [ "$4" = https ] || return
  https "$1" "$2" "$3" "$5" "$6" small
  https "$1" "$2" "$3" "$5" "$6" small-padding
}
# Source ports over the whole range: a filter on the way back may let some of them through.
series() { k=0; while [ "$k" -lt "$3" ]; do spawn tcp "$1" "$2" $((LOW + (HIGH - LOW) * (2 * k + 1) / (2 * $3) + 7 * $4)); k=$((k + 1)); done; }
# What a client behind the proxy gets: HOST PORT. Lines that show credentials are dropped.
tunnel() {
  t1=$(now)
  o=$(ask 7 curl -q -s -S -v -I --connect-timeout 4 -m 6 -A vpce-doctor "https://$1:$2/" |
    sed -e '/uthorization/d' -e '/roxy auth/d' -e 's/.*env variable.*/vpce-doctor proxied/' -e 's#//[^/ ]*@#//#g')
  case $o in *CONNECT* | *'vpce-doctor proxied'*) answer proxy "\"host\":\"$1\",\"hostPort\":$2" curl "$t1" "$o" ;; esac
}

# ---- the plan ----
spawn tools
spawn vantage
spawn imds
[ -z "${ECS_CONTAINER_METADATA_URI_V4-}" ] || spawn task
settle
BUNDLES='/etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/cert.pem'
spawn stores
# NODE_EXTRA_CA_CERTS adds to what is trusted; the tools here can only replace it.
CA='' CC=''
if [ -n "$D" ] && [ -r "${NODE_EXTRA_CA_CERTS-}" ]; then
  for f in $BUNDLES; do [ -r "$f" ] && break; done
  cat "$f" "$NODE_EXTRA_CA_CERTS" >"$D/ca.pem" 2>/dev/null
  CA="-CAfile $D/ca.pem" CC="--cacert $D/ca.pem"
fi
NOSNI=-noservername
case $OV in *' 1.0'*) NOSNI= ;; esac
p=aaaaaaaaaaaaaaa
p=$p$p$p$p$p$p$p$p$p$p$p$p$p$p$p$p
BIG=http/1.1,0$p,1$p,2$p,3$p,4$p,5$p,6$p
PAD=$p$p$p$p
PAD=$PAD$PAD$PAD$PAD
PAD=$PAD$PAD$PAD$PAD$p$p$p$p
LOW=32768 HIGH=60999
# The kernel gives this file in one piece or not at all: `read` of some shells takes it byte by byte.
for v in $(cat /proc/sys/net/ipv4/ip_local_port_range 2>/dev/null); do LOW=$HIGH HIGH=$v; done
if [ "$LOW" -ge "$HIGH" ]; then LOW=32768 HIGH=60999; fi

SERVERS='' FIRST='' SEARCH='' NDOTS=1
if [ -r /etc/resolv.conf ]; then
  while read -r k v x || [ -n "$k" ]; do
    case $k in
      nameserver) is_address "$v" && SERVERS="$SERVERS $v" ;;
      search | domain) SEARCH="$v $x" ;;
      options) case " $v $x " in *' ndots:'*) NDOTS=" $v $x"; NDOTS=${NDOTS##* ndots:}; NDOTS=${NDOTS%%[!0-9]*} ;; esac ;;
    esac
  done </etc/resolv.conf
fi
for FIRST in $SERVERS; do break; done
# The VPC's own resolver, unless it is on the list: two above the VPC's first block, or its link-local address.
OTHERS='169.254.169.253'
for v in $(marks vpc); do if number "${v%/*}"; then n=$((n + 2)); OTHERS="$((n >> 24)).$((n >> 16 & 255)).$((n >> 8 & 255)).$((n & 255)) $OTHERS"; break; fi; done
VPC=
for v in $OTHERS fd00:ec2::253; do case " $SERVERS " in *" $v "*) VPC=$v ;; esac; done
LIST=$SERVERS
if [ -z "$VPC" ]; then VPC=${OTHERS%% *}; LIST="$SERVERS $VPC"; fi

PROXY='' PROXYHOST=
for v in "${https_proxy-}" "${HTTPS_PROXY-}" "${all_proxy-}" "${ALL_PROXY-}"; do
  [ -n "$v" ] || continue
  bare "$v"
  PROXY=${x#*://}; PROXY=${PROXY%%/*}; PROXYHOST=${PROXY%:*}
  break
done
HOSTS=
name() { case " $HOSTS " in *" $1 "*) return ;; esac; case $1 in *[!A-Za-z0-9._-]* | '') return ;; esac; is_address "$1" || HOSTS="$HOSTS $1"; }
OVERRIDES=
for u in $(urls); do
  case " ${VPCE_DOCTOR_OWN_VARIABLES-} " in *" $u "*) continue ;; esac
  eval "v=\$$u"
  bare "$v"
  case $x in http://*) q=80 ;; *) q=443 ;; esac
  x=${x#*://}; x=${x%%/*}
  case $x in *:*) q=${x##*:} ;; esac
  case $q in *[!0-9]*) continue ;; esac
  OVERRIDES="$OVERRIDES ${x%:*}/$q"
  name "${x%:*}"
done
TARGETHOSTS=
while_targets() { f=$IFS; IFS=$NL; for l in $TARGETS; do IFS=$f; "$@" $l; done; IFS=$f; }
note_host() { [ "$1" = - ] || { TARGETHOSTS="$TARGETHOSTS $1"; name "$1"; }; }
while_targets note_host
[ -z "$PROXYHOST" ] || name "$PROXYHOST"
for h in $HOSTS; do for r in $LIST; do spawn dns "$h" A "$r" udp; spawn dns "$h" AAAA "$r" udp; done; done
for h in $NAMES; do for r in $VPC; do spawn dns "$h" A "$r" udp; done; done
for h in $TARGETHOSTS; do
  x=$h k=0
  while [ "$x" != "${x#*.}" ]; do x=${x#*.}; k=$((k + 1)); done
  [ "$k" -ge "${NDOTS:-1}" ] || for v in $SEARCH; do is_address "$FIRST" && spawn dns "$h.${v%.}" A "$FIRST" udp; done
done
settle

# A resolver that answers some questions and not others is asked again; one that says nothing, over TCP and at its other addresses.
again() {
  good='' bad=''
  while read -r s h y r; do
    case $s in answered | nxdomain | slow) good="$good $h/$y/$r" ;; esac
    case $s in slow | silent | refused | failed) bad="$bad $s/$h/$y/$r" ;; esac
    case $s in nxdomain) case $y in A) case $h in *.*.*.*) echo "parent ${h#*.} $r" ;; esac ;; esac ;; esac
  done
  count=0 done=
  for b in $bad; do
    s=${b%%/*}; b=${b#*/}; h=${b%%/*}; r=${b##*/}; y=${b#*/}; y=${y%%/*}
    case "$good " in
      *"/$r "*)
        [ "$s" = refused ] && continue
        count=$((count + 1))
        [ "$count" -le 2 ] && echo "again $h $y $r"
        case $done in *" $r "*) ;; *) done="$done $r "; for g in $good; do case $g in *"/$r") g1=${g#*/}; echo "again ${g%%/*} ${g1%%/*} $r"; break ;; esac; done ;; esac ;;
      *) [ "$s" != failed ] && [ "$y" = A ] && case $done in *" $r "*) ;; *) done="$done $r "; echo "tcp $h $r"; echo "silent $h $r" ;; esac ;;
    esac
  done
}
f=$IFS
IFS=$NL
for l in $(marks dns | again); do
  IFS=$f
  set -- $l
  case $1 in
    parent) spawn dns "$2" A "$3" udp ;;
    again) for k in 2 3 4 5; do spawn dns "$2" "$3" "$4" udp "$k"; done ;;
    tcp) spawn dns "$2" A "$3" tcp ;;
    silent)
      case " $OTHERS fd00:ec2::253 " in *" $3 "*)
        for v in $OTHERS; do case " $LIST " in *" $v "*) ;; *) for h in $TARGETHOSTS; do spawn dns "$h" A "$v" udp; spawn dns "$h" AAAA "$v" udp; done ;; esac; done ;; esac ;;
  esac
done
IFS=$f
settle

ADDRESSES=$(marks address)
SEEN=
HAS6=
if [ -r /proc/net/ipv6_route ]; then while read -r d l x; do case "$d $l ${x##* }" in '00000000000000000000000000000000 00 lo') ;; '00000000000000000000000000000000 00 '*) HAS6=1 ;; esac; done </proc/net/ipv6_route; fi
one() { # ADDRESS PORT HOST APPLICATION METHOD PATH
  case $1 in *:*) [ -n "$HAS6" ] || return 0 ;; esac
  case "$SEEN " in *" $1/$2/$3 "*) return 0 ;; esac
  SEEN="$SEEN $1/$2/$3"
  spawn reach "$@"
}
target() { # HOST PORT APPLICATION METHOD PATH INTERFACES
  if [ "$1" != - ] && [ -r /etc/hosts ]; then
    while read -r a x || [ -n "$a" ]; do
      case $a in '#'* | '') continue ;; esac
      case " ${x%%#*} " in *" $1 "*) is_address "$a" && one "$a" "$2" "$1" "$3" "$4" "$5" ;; esac
    done </etc/hosts
  fi
  f=$IFS; IFS=$NL
  for l in $ADDRESSES; do
    IFS=$f
    case $l in "$1 "*) one "${l#* }" "$2" "$1" "$3" "$4" "$5" ;; esac
  done
  IFS=,
  for a in $6; do
    IFS=$f
    if is_address "$a"; then one "$a" "$2" "$1" "$3" "$4" "$5"; continue; fi
    IFS=$NL
    for l in $ADDRESSES; do
      IFS=$f
      case $l in "$a "*) one "${l#* }" "$2" "$1" "$3" "$4" "$5" ;; esac
    done
  done
  IFS=$f
  if [ -n "$PROXY" ] && [ "$1" != - ] && have curl && have sed; then
    if [ -z "${VPCE_DOCTOR_ONLY+x}" ] || { is_address "$PROXYHOST" && allowed "$PROXYHOST"; }; then spawn tunnel "$1" "$2"; else skip proxy 'VPCE_DOCTOR_ONLY keeps packets from the proxy'; fi
  fi
}
while_targets target
for o in $OVERRIDES; do
  h=${o%/*}
  if is_address "$h"; then one "$h" "${o##*/}" - tcp - -; else
    f=$IFS; IFS=$NL
    for l in $ADDRESSES; do IFS=$f; case $l in "$h "*) one "${l#* }" "${o##*/}" - tcp - - ;; esac; done
    IFS=$f
  fi
done
settle

# Other hellos at one address of each host where the usual one got no answer; a long request where frames are large.
TRIED='' JUMBO=
beside() { # FUNCTION ADDRESS PORT HOST APPLICATION METHOD PATH
  case "$TRIED " in *" $1/$4 "*) return ;; esac
  TRIED="$TRIED $1/$4"
  if [ "$1" = long ]; then spawn https "$2" "$3" "$4" "$6" "$7" padding; return; fi
  shift
  spawn small "$@"
  for h in without-sni unacceptable plaintext; do spawn tls "$1" "$2" "$3" "$h"; done
}
each() { # MARK FUNCTION…
  f=$IFS; IFS=$NL
  for l in $(marks "$1"); do IFS=$f; beside "$2" $l; done
  IFS=$f
}
each dropped hellos
for v in $(cat /proc/net/dev 2>/dev/null); do
  case $v in lo: | *[!a-zA-Z0-9._:-]*) ;; *:*) if [ "$(cat "/sys/class/net/${v%%:*}/mtu" 2>/dev/null || echo 0)" -gt 1500 ] && [ "${v%%:*}" != lo ]; then JUMBO=1; fi ;; esac
done
[ -z "$JUMBO" ] || each reached long
settle

k2=0 JOBS=32 DONE=
for s in $(marks settled); do DONE="$DONE $s"; done
for s in $SEEN; do
  a=${s%%/*}; q=${s#*/}; q=${q%%/*}
  case "$k2 $DONE " in *" $a/$q "*) continue ;; esac
  DONE="$DONE $a/$q"
  k2=$((k2 + 1))
  [ "$k2" -le 4 ] || break
  series "$a" "$q" 8 "$k2"
done
settle
finish complete
