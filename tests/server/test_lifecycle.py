import os
import signal
import time

import pytest

from registry.server import gunicorn
from registry.server.worker import RegistryWorker
from tests.server.serving import Server, started


def test_the_server_starts_and_stops_without_a_word() -> None:
    with started(workers=2) as server:
        assert server.ask("GET", "/hello").text == "hello"
        assert server.stop() == ""
        assert server.process.returncode == 0


def test_idle_connections_do_not_delay_the_end() -> None:
    with started() as server, server.connect() as fresh, server.connect() as used:
        assert used.ask("GET", "/hello").text == "hello"
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 3
        assert used.is_closed()
        assert fresh.is_closed()


def test_a_stop_right_after_the_start_is_not_lost() -> None:
    for _ in range(3):
        with started(workers=3) as server:
            began = time.monotonic()
            assert server.stop() == ""
            assert time.monotonic() - began < 4


def test_a_running_request_is_finished_before_the_end() -> None:
    with started() as server, server.connect() as client:
        client.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        answer = client.answer()
        assert (answer.text, answer.headers["connection"]) == ("at last", "close")
        assert server.process.wait(10) == 0


def test_a_worker_that_dies_is_replaced() -> None:
    with started() as server:
        first = server.worker()
        os.kill(first, signal.SIGKILL)
        assert _eventually_answers(server)
        assert server.worker() != first


def test_workers_are_replaced_at_sighup() -> None:
    with started() as server:
        first = server.worker()
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while server.worker() == first:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert server.ask("GET", "/hello").text == "hello"


def test_the_worker_class_is_ours() -> None:
    assert gunicorn.gunicorn_settings(bind="127.0.0.1:1")["worker_class"] is RegistryWorker


def test_zero_workers_means_one_for_each_processor() -> None:
    assert gunicorn.gunicorn_settings(bind="127.0.0.1:1")["workers"] == len(os.sched_getaffinity(0))
    assert gunicorn.gunicorn_settings(bind="127.0.0.1:1", workers=3)["workers"] == 3


def test_an_unknown_gunicorn_serves_with_its_own_worker(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gunicorn, "INTERNALS", (*gunicorn.INTERNALS, "gunicorn.http.wsgi:Response.no_such_thing"))
    assert gunicorn.worker_class() == "gevent"
    assert "Response.no_such_thing" in caplog.text


def _eventually_answers(server: Server) -> bool:
    for _ in range(200):
        try:
            return server.ask("GET", "/hello").text == "hello"
        except (OSError, EOFError):
            time.sleep(0.05)
    return False
