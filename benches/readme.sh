#!/usr/bin/env bash
# Runs the benchmark and the two counts, and writes what they print between the markers of `benches/README.md`; the
# targets also into `README.md`. A quarter of an hour, on a machine that does nothing else.
#   benches/readme.sh [OPTIONS OF THE BENCHMARK]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Puts a file between `<!-- NAME -->` and `<!-- end -->`.
place() { # place NAME FILE README
    awk -v name="<!-- $1 -->" -v file="$2" '
        $0 == name { print; while ((getline line < file) > 0) print line; inside = 1; next }
        $0 == "<!-- end -->" { inside = 0 }
        !inside { print }' "$3" >"$work/page"
    cat "$work/page" >"$3"
}

cargo run --quiet --release -p benches -- "$@" | tee "$work/tables"
{
    cat "$work/tables"
    for count in futex instructions; do
        printf '`benches/%s.sh`:\n\n' $count
        "benches/$count.sh"
        echo
    done
} >"$work/figures"
# The last of the tables.
awk '/^\| targets/ { on = 1 } on && NF' "$work/tables" >"$work/targets"
place figures "$work/figures" benches/README.md
place targets "$work/targets" README.md
