"""Run the contests and print their tables."""

import argparse
import sys
import tempfile
from pathlib import Path

from bench import edge, npm, oci, pypi
from bench.contests import hold
from bench.options import Options
from bench.report import render_row, render_table

CONTESTS = {"npm": npm.contest, "pypi": pypi.contest, "oci": oci.contest, "edge": edge.contest}


def main() -> None:
    """Measure what the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("contest", nargs="*", help=f"any of {', '.join(CONTESTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each server does each case")
    parser.add_argument("--seconds", type=int, default=2, help="how long a round lasts")
    parser.add_argument("--only", default="", metavar="TEXT", help="the cases whose names hold the text")
    parser.add_argument("--no-peers", action="store_true", help="measure the registry alone")
    given = parser.parse_args()
    options = Options(given.rounds, given.seconds, given.only, not given.no_peers)
    for name in given.contest or CONTESTS:
        with tempfile.TemporaryDirectory(prefix="registry-bench-") as place:
            run(name, Path(place), options)


def run(name: str, place: Path, options: Options) -> None:
    """Hold one contest; each row goes to standard error when it is there, the table to standard output."""
    with CONTESTS[name](place, options) as contest:
        rows = []
        for case in contest.cases:
            if options.only in case.name:
                rows.append(hold(contest, case, options.rounds))
                print(render_row(contest, rows[-1]), file=sys.stderr, flush=True)
        memory = ", ".join(f"{server.name} {server.resident_mib():.0f} MiB" for server in contest.servers)
        print(f"{render_table(contest, rows)}\nMemory afterwards: {memory}.\n")


main()
