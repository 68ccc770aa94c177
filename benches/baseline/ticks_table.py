"""Medians of what scripts/ticks has measured, as a table.

    ticks_table.py target/ticks.jsonl
"""

import json
import statistics
import sys


def main(lines):
    rounds = {}
    for line in map(json.loads, lines):
        rounds.setdefault((line["clients"], line["dead"], line["slow"], line["way"]), []).append(line)
    print("| clients | beside | | p50 (ms) | p99 (ms) | p99, relay = 1 | came | cores | ticks per core and s | MiB | load | busy |")
    print("|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for (clients, dead, slow, way), them in rounds.items():
        middle = lambda name: statistics.median(line[name] for line in them)
        relays = rounds.get((clients, 0, 0, "relay"), [])
        # Each beside the relay of its own round.
        ratio = statistics.median(one["p99_us"] / relay["p99_us"] for one, relay in zip(them, relays, strict=False))
        beside = f"{dead} dead" if dead else f"{slow} slow" if slow else ""
        print(
            f"| {clients} | {beside} | {way} | {middle('p50_us') / 1000:.2f} | {middle('p99_us') / 1000:.2f} | {ratio:.1f} "
            f"| {middle('share'):.1%} | {middle('cores'):.2f} | {middle('ticks_a_core_second'):,.0f} "
            f"| {middle('resident_kib') / 1024:.1f} | {middle('load_cores'):.2f} | {middle('machine_cores'):.2f} |"
        )


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(file.readlines())
