#!/usr/bin/env bash
# Instructions of a task (user space, all threads), for ours and its peers: the difference between
# N and 2N tasks, so that starting and ending the process cancels out.
#   benches/instructions.sh [TASKS [PEER..]]
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: instructions can't be counted. Install it and come again." >&2
    exit 1
fi
tasks=${1:-10000}
peers=("${@:2}")
[ ${#peers[@]} -gt 0 ] || peers=(poolbridge blocking affinitypool tokio channel+oneshot floor)

cargo build --quiet --release -p benches
program=${CARGO_TARGET_DIR:-target}/release/benches

# MODE PEER TASKS: instructions of one process.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 >/dev/null |
        awk '/Collected/ { print $NF }'
}

each() {
    local one two
    one=$(count "$1" "$2" "$tasks")
    two=$(count "$1" "$2" $((2 * tasks)))
    echo $(((two - one) / tasks))
}

echo "| instructions a task | burst | one at a time |"
echo "|---|--:|--:|"
for peer in "${peers[@]}"; do
    echo "| $peer | $(each burst "$peer") | $(each round-trip "$peer") |"
done
