#!/bin/sh
# What the Command document runs on a host: brings the binary that fits it from a bucket, checks its bytes, runs it, and prints
# what it found within Run Command's 24,000 bytes. Names between two braces are the document's parameters: each is held to a pattern that
# knows no quote, no $ and no line break, and stands between single quotes, so that it cannot become a command.
set -euf
umask 077
bucket='{{ Bucket }}' folder='{{ Folder }}' region='{{ BucketRegion }}' endpoint='{{ S3Endpoint }}'
targets='{{ Targets }}' workloads='{{ Workloads }}' options='{{ Options }}' answer='{{ Answer }}'
report_bucket='{{ ReportBucket }}' report_folder='{{ ReportFolder }}'

fail() {
  printf 'vpce-doctor: %s\n' "$1" >&2
  exit 70
}

case $(uname -m) in
x86_64 | amd64) name=vpce-doctor-linux-x64 sum='{{ Sha256X64 }}' parameter=Sha256X64 ;;
aarch64 | arm64) name=vpce-doctor-linux-arm64 sum='{{ Sha256Arm64 }}' parameter=Sha256Arm64 ;;
*) fail "there is no binary for this machine ($(uname -m))." ;;
esac
[ -n "$sum" ] || fail "this is a $(uname -m) machine, and $parameter was not given."
[ -n "$region" ] || region=${AWS_SSM_REGION_NAME:-}
[ -n "$region$endpoint" ] || fail "the Region is not known: give BucketRegion."

# Kept from run to run, named by its checksum: an association that runs every hour brings it once.
home=${VPCE_DOCTOR_HOME:-/var/lib/vpce-doctor}
mkdir -p "$home"
binary=$home/$sum
scratch=$(mktemp -d "$home/run.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 71' HUP INT TERM

key=${folder:+$folder/}$name
case $region in
cn-*) suffix=amazonaws.com.cn ;;
*) suffix=amazonaws.com ;;
esac
if [ -n "$endpoint" ]; then
  url=$endpoint/$bucket/$key
else
  case $bucket in
  *.*) url=https://s3.$region.$suffix/$bucket/$key ;;
  *) url=https://$bucket.s3.$region.$suffix/$key ;;
  esac
fi

genuine() {
  [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sum" ]
}

# Unsigned first: a bucket whose policy trusts the gateway endpoint (aws:SourceVpce) needs no role and no AWS CLI on the host.
bring() {
  if command -v curl >/dev/null; then
    curl --silent --show-error --fail --connect-timeout 5 --max-time 240 --output "$scratch/binary" "$url" 2>>"$scratch/words" && return
  elif command -v wget >/dev/null; then
    wget -q -T 60 -O "$scratch/binary" "$url" 2>>"$scratch/words" && return
  else
    echo 'neither curl nor wget is here' >>"$scratch/words"
  fi
  if command -v aws >/dev/null; then
    aws s3api get-object --region "$region" ${endpoint:+--endpoint-url "$endpoint"} --bucket "$bucket" --key "$key" \
      "$scratch/binary" >/dev/null 2>>"$scratch/words" && return
  fi
  fail "$url cannot be fetched: $(tr '\n' ' ' <"$scratch/words")"
}

if ! genuine "$binary"; then
  bring
  genuine "$scratch/binary" || fail "$url has another SHA-256 than $parameter: nothing was run."
  chmod 700 "$scratch/binary"
  # In one step: two runs at once never see half of it.
  mv -f "$scratch/binary" "$binary"
fi

set --
for workload in $workloads; do set -- "$@" --workload "$workload"; done
if [ "$answer" = evidence ]; then set -- probe "$@" -o "$scratch/case.json"; else set -- "$@" --save "$scratch/case.json"; fi
if [ "$answer" = report ] && [ -n "$report_bucket" ]; then
  set -- "$@" -o "s3://$report_bucket/${report_folder:+$report_folder/}"
fi
# shellcheck disable=SC2086 # targets and options are lists of words
"$binary" "$@" $options --format json -- $targets >/dev/null 2>"$scratch/words" || status=$?
cat "$scratch/words" >&2
[ -s "$scratch/case.json" ] || fail "the run ended with status ${status:-0} and no answer."

# An answer is a success, whatever the verdict: it stands in the report, and a failed command would end the others (MaxErrors).
if [ "$answer" = evidence ]; then
  printf 'vpce-doctor evidence gzip base64\n'
  gzip -9 -c "$scratch/case.json" | base64 | tr -d '\n'
  printf '\nvpce-doctor end\n'
else
  "$binary" diagnose "$scratch/case.json" --quiet --format json --most 23900 || [ $? -lt 3 ]
fi
