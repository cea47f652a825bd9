"""Figures as a table in Markdown."""

from collections.abc import Iterator, Sequence

from bench.contests import Case, Contest, Figure, Row


def render_table(contest: Contest, rows: Sequence[Row]) -> str:
    """A row for each case: every server's rate and processor time, and how many times better than a peer's ours are."""
    columns = [contest.title, contest.servers[0].name]
    for peer in contest.servers[1:]:
        columns += [peer.name, "rate ×, CPU ×"]
    lines = [columns, ["---"] + ["---:"] * (len(columns) - 1), *([row.case.name, *_cells(row)] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def render_row(contest: Contest, row: Row) -> str:
    """The row as a line of text."""
    parts = [
        f"{server.name} {_figure(row.case, figure)}"
        for server, figure in zip(contest.servers, row.figures, strict=True)
        if figure
    ]
    return f"{contest.title}: {row.case.name}: {'; '.join(parts)}"


def _cells(row: Row) -> Iterator[str]:
    ours, *peers = row.figures
    yield _figure(row.case, ours)
    for peer in peers:
        yield _figure(row.case, peer)
        yield f"**{_short(ours.rate / peer.rate)}, {_short(peer.cpu / ours.cpu)}**" if ours and peer else "–"


def _figure(case: Case, figure: Figure | None) -> str:
    if figure is None:
        return "–"
    if case.bulk:
        return f"{figure.rate / 1e6:,.0f} MB/s, {figure.cpu * (1 << 30):.2f} s/GiB"
    cpu = f"{figure.cpu * 1e6:,.0f} µs" if figure.cpu < 0.001 else f"{_short(figure.cpu * 1e3)} ms"
    return f"{_short(figure.rate)}/s, {cpu}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
