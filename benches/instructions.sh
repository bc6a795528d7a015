#!/usr/bin/env bash
# Instructions of a task (user space, all threads), how many of them are atomic read-modify-writes, and its futex calls
# (of whose instructions callgrind does not see the kernel's), for ours and its peers: the difference between N and 2N
# tasks, so that starting and ending the process cancels out.
#   benches/instructions.sh [TASKS [PEER..]]
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in valgrind objdump strace; do
    if ! command -v $tool >/dev/null; then
        echo "$tool is missing: instructions can't be counted. Install it and come again." >&2
        exit 1
    fi
done
tasks=${1:-10000}
peers=("${@:2}")
[ ${#peers[@]} -gt 0 ] || peers=(poolbridge blocking affinitypool tokio channel+oneshot threadpool+oneshot floor)

cargo build --quiet --release -p benches
program=${CARGO_TARGET_DIR:-target}/release/benches
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Where the program's own atomic operations are; `xchg` with memory is one without the prefix.
objdump -d --no-show-raw-insn "$program" |
    awk '$2 == "lock" || $2 == "xchg" && /\(/ { sub(":", "", $1); print $1 }' >"$work/atomics"

# MODE PEER TASKS: instructions of one process, atomic ones, futex calls.
count() {
    valgrind --tool=callgrind --dump-instr=yes --compress-pos=no --compress-strings=no \
        --callgrind-out-file="$work/profile" "$program" "$@" >/dev/null 2>&1
    awk -v names="$work/atomics" '
        BEGIN { while ((getline line < names) > 0) atomic["0x" line] = 1 }
        /^ob=/ { own = /benches/ }
        /^calls=/ { skip = 1; next }
        /^0x/ {
            if (skip) { skip = 0; next }
            all += $NF
            if (own && $1 in atomic) some += $NF
        }
        END { printf "%d %d ", all, some }' "$work/profile"
    strace -f -c -e trace=futex -o "$work/calls" "$program" "$@" >/dev/null
    awk '$NF == "futex" { calls = $4 } END { print calls + 0 }' "$work/calls"
}

each() {
    local one two
    read -ra one < <(count "$1" "$2" "$tasks")
    read -ra two < <(count "$1" "$2" $((2 * tasks)))
    awk -v n="$tasks" -v all=$((two[0] - one[0])) -v some=$((two[1] - one[1])) -v calls=$((two[2] - one[2])) \
        'BEGIN { printf(" %.0f, %.1f, %.1f |", all / n, some / n, (calls > 0) ? calls / n : 0) }'
}

echo "| a task: instructions, atomic ones, futex calls | burst | one at a time | submit and cancel | under a limit |"
echo "|---|--:|--:|--:|--:|"
for peer in "${peers[@]}"; do
    echo "| $peer |$(for mode in burst round-trip cancel timeout; do each $mode "$peer"; done)"
done
