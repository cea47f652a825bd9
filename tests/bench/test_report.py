from bench.contests import Case, Contest, Figure, Row, Work, hold
from bench.load import Load
from bench.report import render_row, render_table
from bench.servers import Server

OURS, PEER = Server("registry", "http://ours", 1), Server("Peer", "http://peer", 1)


def contest(case: Case) -> Contest:
    return Contest("npm", [OURS, PEER], [case])


def test_a_table_says_how_many_times_better_ours_is() -> None:
    case = Case("packument", lambda server: None)
    row = Row(case, [Figure(1000, 0.0002), Figure(50, 0.004)])
    assert render_table(contest(case), [row]).splitlines() == [
        "| npm | registry | Peer | rate ×, CPU × |",
        "| --- | ---: | ---: | ---: |",
        "| packument | 1,000/s, 200 µs | 50.0/s, 4.00 ms | **20.0, 20.0** |",
    ]


def test_bulk_work_counts_by_bytes() -> None:
    case = Case("blob", lambda server: None, bulk=True)
    row = Row(case, [Figure(5e8, 0.5 / 2**30), Figure(1e9, 1 / 2**30)])
    assert render_row(contest(case), row) == "npm: blob: registry 500 MB/s, 0.50 s/GiB; Peer 1,000 MB/s, 1.00 s/GiB"


def test_a_peer_that_cannot_do_it_has_no_figure() -> None:
    case = Case("not modified", lambda server: None)
    table = render_table(contest(case), [Row(case, [Figure(1000, 0.0002), None])])
    assert table.splitlines()[2] == "| not modified | 1,000/s, 200 µs | – | – |"


def test_servers_take_turns_and_the_first_round_does_not_count() -> None:
    turns: list[str] = []

    def prepare(server: Server) -> Work:
        turns.append(server.name)
        return lambda: Load(10, 0, 1000.0 if len(turns) <= 2 else 2.0)

    case = Case("work", prepare)
    figures = hold(contest(case), case, rounds=2).figures
    assert turns == ["registry", "Peer"] * 3
    assert [figure and figure.rate for figure in figures] == [5.0, 5.0]
