"""What an operator starts and what a crash does: nothing acknowledged is lost, and a stop is a clean one."""

import signal
import subprocess
import sys
import time

import pytest

from tests.faces.api.processes import address, environment, started
from tests.faces.api.serving import client, engine_over, key, post, rehearsed

API = "tripoint.faces.api"


@pytest.mark.crash
def test_a_message_acknowledged_with_202_outlives_a_kill(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        text = key(engine)
        env = environment(database, tmp_path)
        numbers = []
        for turn in range(2):
            with started(API, "--port", "0", "--no-worker", env=env) as process:
                with client(address(process), text) as http:
                    answer = post(http, b"<turn n='%d'/>" % turn)
                    process.send_signal(signal.SIGKILL)  # the moment the 202 is here
                assert answer.status_code == 202
                numbers.append(answer.json()["message_id"])
        with (
            started(API, "--port", "0", "--no-worker", env=env) as process,
            client(address(process), text) as http,
        ):
            for turn, number in enumerate(numbers):
                assert http.get(f"/v1/messages/{number}/raw").content == b"<turn n='%d'/>" % turn
                again = post(http, b"<turn n='%d'/>" % turn)
                assert (again.status_code, again.json()["message_id"]) == (200, number)


def test_one_process_receives_clears_answers_and_stops_when_told(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        papers = rehearsed(engine, tmp_path / "rehearsal", trades=5)
        text = key(engine, None)
        with started(API, "--port", "0", env=environment(database, tmp_path)) as process:
            with client(address(process), text) as http:
                for raw in papers:
                    assert post(http, raw).status_code == 202
                released = []
                for _ in range(200):
                    released = http.get("/v1/lists", params={"state": "released"}).json()["items"]
                    if len(released) == 5:
                        break
                    time.sleep(0.1)
                assert len(released) == 5
                assert "tripoint_work_rounds_total" in http.get("/metrics").text
            process.send_signal(signal.SIGTERM)
            said = process.stderr.read()
            assert process.wait(30) == 0
        assert "Traceback" not in said
        assert all(raw[:200].decode("utf-8", "replace") not in said for raw in papers)


def test_the_worker_process_works_and_stops_when_told(new_database, tmp_path):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        for raw in rehearsed(engine, tmp_path / "rehearsal", trades=3):
            engine.admit(raw)
        with started("tripoint.faces.worker", env=environment(database, tmp_path)) as process:
            for _ in range(200):
                with database.transaction() as tx:
                    if tx.value("select count(*) from clearings where state = 'released'") == 3:
                        break
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        with database.transaction() as tx:
            assert tx.value("select count(*) from clearings where state = 'released'") == 3


def test_says_in_one_line_what_keeps_it_from_starting(tmp_path):
    env = {"PATH": "/usr/bin:/bin", "TRIPOINT_DATA_DIR": str(tmp_path), "TRIPOINT_SIGNATURES": "perhaps"}
    run = subprocess.run(
        [sys.executable, "-m", API], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 2
    assert run.stderr.startswith("SETTINGS: ")
    assert "Traceback" not in run.stderr


def test_a_port_that_is_none_is_told_in_one_line(tmp_path):
    env = {"PATH": "/usr/bin:/bin", "TRIPOINT_DATA_DIR": str(tmp_path)}
    run = subprocess.run(
        [sys.executable, "-m", API, "--port", "99999"],
        env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 1
    assert run.stderr.startswith("LISTEN: ")
    assert "Traceback" not in run.stderr
