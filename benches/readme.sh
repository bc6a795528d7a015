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

# The two counts that have a target, as rows of the table of targets: as wide as its head.
counted() { # counted HEAD FUTEX INSTRUCTIONS
    awk -F'|' '
        function row(name, ours, beside, theirs, ratio, target, verdict) {
            printf "| %-" width[2] "s |", name
            printf " %" width[3] "s | %" width[4] "s | %" width[5] "s |", ours, beside, theirs
            printf " %" width[6] "s | %" width[7] "s | %" width[8] "s |\n", ratio, target, verdict
        }
        function trim(text) { gsub(/^ +| +$/, "", text); return text }
        FNR == 1 { file++ }
        file == 1 { for (i = 2; i <= 8; i++) width[i] = length($i) - 2 }
        file == 2 && FNR == 1 { for (i = 3; i < NF; i++) place[i] = trim($i) }
        file == 2 && trim($2) == "poolbridge" {
            for (i = 3; i < NF; i++) {
                where = place[i] == "free" ? "" : ", " place[i] " processor" (place[i] == "one" ? "" : "s")
                row("futex calls a round trip, block_on" where, trim($i), "", "", "", "2.05",
                    $i + 0 <= 2.05 ? "met" : "not met")
            }
        }
        file == 3 && FNR > 2 {
            split($3, counts, ",")
            name = trim($2)
            if (name == "poolbridge") ours = counts[1]
            else if (name == "floor") floor = counts[1]
            else if (best == "" || counts[1] + 0 < least) { best = name; least = counts[1] + 0 }
        }
        END {
            if (!ours || !least || !floor) { print "no instructions were counted" > "/dev/stderr"; exit 1 }
            ratio = ours / least
            verdict = ratio <= 0.9 ? "met" : ours <= 1.05 * floor ? sprintf("met: %.2f of the floor", ours / floor) : "not met"
            row("instructions a task, burst", trim(ours), best, least, sprintf("%.2f", ratio), "0.90", verdict)
        }' <(head -n1 <<<"$1") <(grep '^|' "$2") <(grep '^|' "$3")
}

cargo run --quiet --release -p benches -- "$@" | tee "$work/tables"
for count in futex instructions; do
    "benches/$count.sh" | tee "$work/$count"
done
# The last of the tables.
awk '/^\| targets/ { on = 1 } on && NF' "$work/tables" >"$work/targets"
counted "$(cat "$work/targets")" "$work/futex" "$work/instructions" >>"$work/targets"
{
    awk '/^\| targets/ { exit } { print }' "$work/tables"
    cat "$work/targets"
    echo
    for count in futex instructions; do
        printf '`benches/%s.sh`:\n\n' $count
        cat "$work/$count"
        echo
    done
} >"$work/figures"
place figures "$work/figures" benches/README.md
place targets "$work/targets" README.md
