#!/usr/bin/env bash
# Futex calls of a round trip on an idle pool, for ours and its peers.
#   benches/futex.sh [TASKS [PLACE..]]     PLACE: free, one, two (processors); default: all three
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v strace >/dev/null; then
    echo "strace is missing: futex calls can't be counted. Install it and come again." >&2
    exit 1
fi
tasks=${1:-10000}
places=("${@:2}")
[ ${#places[@]} -gt 0 ] || places=(free one two)

cargo build --quiet --release -p benches
program=${CARGO_TARGET_DIR:-target}/release/benches
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

# What starting and ending the process costs is in the figure: a few calls in all.
count() {
    strace -f -c -e trace=futex -o "$counts" "$program" round-trip "$1" "$tasks" block_on "$2" >/dev/null
    awk -v tasks="$tasks" '$NF == "futex" { printf " %.2f |", $4 / tasks }' "$counts"
}

echo "| futex calls a round trip | ${places[*]/%/ |}"
printf -- '|---|'
printf -- '--:|%.0s' "${places[@]}"
echo
for peer in poolbridge affinitypool blocking tokio channel+oneshot floor; do
    printf '| %s |' "$peer"
    for place in "${places[@]}"; do count "$peer" "$place"; done
    echo
done
