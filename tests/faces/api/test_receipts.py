"""Receipts out: what every paper was answered, by polling, by waiting, as messages; and why a list stands where it does."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import pytest

from tests.faces.api.serving import FIRM, OTHER, client, engine_over, key, post, rehearsed, serving
from tripoint.faces.api import receipts


@pytest.fixture(scope="module")
def cleared(new_database, tmp_path_factory):
    """An installation that has cleared six made-up trades, some of them faulty: engine, address, operator."""
    with new_database() as database:
        engine = engine_over(database, tmp_path_factory.mktemp("cleared"))
        papers = rehearsed(engine, tmp_path_factory.mktemp("rehearsal"), trades=30, anomalies=0.4)
        with serving(engine) as address, client(address, key(engine, None)) as http:
            for raw in papers:
                assert post(http, raw).status_code == 202
            engine.work_all()
            yield engine, address, http


def test_every_paper_has_an_answer_and_the_pages_have_no_gap(cleared):
    _, _, http = cleared
    whole = http.get("/v1/receipts", params={"limit": 1000}).json()
    assert whole["items"]
    seen, after = [], 0
    while True:
        page = http.get("/v1/receipts", params={"after": after, "limit": 7}).json()
        seen += page["items"]
        after = page["last"]
        if not page["more"]:
            break
    assert seen == whole["items"]
    assert [item["receipt_id"] for item in seen] == sorted(item["receipt_id"] for item in seen)
    assert {"800", "120"} <= {item["return_status"] for item in seen}


def test_filters_receipts_by_order_type_status_and_message(cleared):
    _, _, http = cleared
    one = http.get("/v1/receipts", params={"return_status": "800", "limit": 1}).json()["items"][0]
    for query, field in [
        ({"order_no": one["order_no"]}, "order_no"),
        ({"message_type": one["message_type"]}, "message_type"),
        ({"message": one["message_id"]}, "message_id"),
    ]:
        found = http.get("/v1/receipts", params=query).json()["items"]
        assert one in found
        assert {item[field] for item in found} == {one[field]}
    assert http.get("/v1/receipts", params={"order_no": "NO-SUCH"}).json()["items"] == []


def test_a_firm_sees_its_own_receipts_and_lists_only(cleared):
    engine, address, http = cleared
    receipts = http.get("/v1/receipts", params={"limit": 1000}).json()["items"]
    code = next(item["recipient_code"] for item in receipts if item["message_type"] == "CEB622")
    with client(address, key(engine, code)) as firm:
        own = firm.get("/v1/receipts", params={"limit": 1000}).json()["items"]
        assert own == [item for item in receipts if item["recipient_code"] == code]
        sent = firm.get("/v1/outbox", params={"limit": 1000}).json()["items"]
        assert {item["recipient_code"] for item in sent} == {code}
        lists = firm.get("/v1/lists", params={"limit": 1000}).json()["items"]
        assert lists
        told = firm.get(f"/v1/lists/{lists[0]['order_no']}").json()
        answered = {entry["details"].get("to") for entry in told["journal"] if entry["kind"] == "receipt"}
        assert answered <= {code}
    with client(address, key(engine, "9999999999")) as stranger:
        assert stranger.get(f"/v1/lists/{lists[0]['order_no']}").status_code == 404
        assert stranger.get("/v1/lists").json() == {"items": [], "next_after": None}
        assert stranger.get(f"/v1/outbox/{sent[0]['outbox_id']}").status_code == 404


def test_outgoing_messages_are_xml_and_always_the_same(cleared):
    _, _, http = cleared
    page = http.get("/v1/outbox", params={"limit": 1000}).json()
    for item in page["items"][:20]:
        answer = http.get(item["link"])
        assert answer.headers["content-type"].startswith("application/xml")
        assert ElementTree.fromstring(answer.content).tag.endswith(f"}}{item['message_type']}Message")
        assert http.get(item["link"]).content == answer.content
    only = http.get("/v1/outbox", params={"message_type": "CEB622"}).json()["items"]
    assert {item["message_type"] for item in only} == {"CEB622"}


def test_explains_a_released_and_a_refused_list(cleared):
    _, _, http = cleared
    released = http.get("/v1/lists", params={"state": "released", "limit": 1}).json()["items"][0]
    told = http.get(f"/v1/lists/{released['list_no']}").json()
    assert told["state"] == "released"
    assert isinstance(told["tax"], str)
    assert told["tax_lines"]
    assert told["findings"] == [] or all(item["severity"] == "note" for item in told["findings"])
    kinds = {entry["kind"] for entry in http.get(f"/v1/lists/{released['list_no']}/journal").json()["items"]}
    assert {"arrival", "decision", "receipt"} <= kinds
    refused = http.get("/v1/lists", params={"state": "refused", "limit": 1}).json()["items"][0]
    finding = http.get(f"/v1/lists/{refused['order_no']}").json()["findings"][0]
    assert finding["text"]["zh"]
    assert finding["repair"]["en"]
    assert finding["source"]
    code = finding["code"]
    assert refused["order_no"] in {
        item["order_no"]
        for item in http.get("/v1/lists", params={"code": code, "limit": 1000}).json()["items"]
    }


def test_pages_through_lists(cleared):
    _, _, http = cleared
    whole = [item["order_no"] for item in http.get("/v1/lists", params={"limit": 1000}).json()["items"]]
    seen, after = [], None
    while True:
        page = http.get("/v1/lists", params={"limit": 4} | ({"after": after} if after else {})).json()
        seen += [item["order_no"] for item in page["items"]]
        if (after := page["next_after"]) is None:
            break
    assert seen == whole


def test_waits_for_the_first_receipt_and_no_longer(cleared):
    engine, _, http = cleared
    last = http.get("/v1/receipts", params={"limit": 1000}).json()["last"]
    begun = time.monotonic()
    assert http.get("/v1/receipts", params={"after": last, "wait": 1}).json()["items"] == []
    assert 0.9 < time.monotonic() - begun < 5

    def answer() -> None:
        time.sleep(0.5)
        engine.admit(b"<not-a-message", channel="api")
        engine.work_all()

    thread = threading.Thread(target=answer)
    begun = time.monotonic()
    thread.start()
    found = http.get("/v1/receipts", params={"after": last, "wait": 20}).json()["items"]
    thread.join()
    assert found[0]["message_type"] == "CEB900"
    assert time.monotonic() - begun < 10


def test_whoever_waits_asks_the_database_only_when_something_has_gone_out_to_him(cleared, monkeypatch):
    engine, address, http = cleared
    asked, ask = [], receipts.answers.receipts
    monkeypatch.setattr(
        receipts.answers, "receipts", lambda *its, **more: asked.append(1) or ask(*its, **more)
    )
    thread = threading.Thread(target=answered, args=(engine, OTHER))
    thread.start()
    with client(address, key(engine)) as firm:
        waited = firm.get("/v1/receipts", params={"wait": 3}).json()
    thread.join()
    assert (waited["items"], len(asked)) == ([], 1)
    assert http.get("/v1/receipts", params={"after": 0}).json()["items"]


def answered(engine, code):
    """Have a message of an enterprise answered, in a moment."""
    time.sleep(0.7)
    engine.admit(b"<not-a-message %d" % time.monotonic_ns(), sender_code=code)
    engine.work_all()


def test_a_key_revoked_while_it_waits_is_told_no_receipts(cleared):
    engine, address, http = cleared
    text = key(engine)
    with client(address, text) as firm, ThreadPoolExecutor() as threads:
        waiting = threads.submit(firm.get, "/v1/receipts", params={"wait": 20})
        time.sleep(0.5)
        http.delete(f"/v1/keys/{text.split('_')[1]}")
        answered(engine, FIRM)
        answer = waiting.result()
    assert (answer.status_code, answer.json()["code"]) == (401, "ACCESS-KEY-REVOKED")


def test_validates_without_keeping_anything(cleared, tmp_path):
    _, _, http = cleared
    before = http.get("/v1/messages", params={"limit": 1}).json()["items"][0]["message_id"]
    bad = http.post("/v1/validations", content=b"<a/>", headers={"Content-Type": "application/xml"}).json()
    assert bad["is_readable"] is False
    assert bad["faults_in_all"] == len(bad["faults"])
    assert bad["faults"][0]["text"]["zh"]
    assert bad["faults"][0]["repair"]["en"]
    raw = next(
        http.get(f"/v1/messages/{item['message_id']}/raw").content
        for item in http.get("/v1/messages", params={"message_type": "CEB311"}).json()["items"]
    )
    good = http.post("/v1/validations", content=raw, headers={"Content-Type": "application/xml"}).json()
    assert good["message_type"] == "CEB311"
    assert good["papers"] >= 1
    assert http.get("/v1/messages", params={"limit": 1}).json()["items"][0]["message_id"] == before


def test_assesses_a_case_and_takes_no_binary_fractions(cleared):
    _, _, http = cleared
    line = {"goods": "500.00", "units": 1, "duty_rate": "0.1", "ct_rate": "0", "vat_rate": "0.13"}
    case = {
        "regime": "CN-IMPORT",
        "inputs": {"mode": "1210", "date": "2024-06-01", "annual_used_before": "0", "lines": [line]},
    }
    told = http.post("/v1/assessments", json=case).json()
    assert told["channel"] == "CBEC_70PCT"
    assert told["vat"] == "45.50"  # 500.00 x 13 % x 70 %
    line["goods"] = 500.5
    refused = http.post("/v1/assessments", json=case)
    assert (refused.status_code, refused.json()["code"]) == (400, "ASSESS-INPUT")
    case["regime"] = "NOWHERE"
    assert http.post("/v1/assessments", json=case).status_code == 404


def test_tells_how_it_stands(cleared):
    _, address, _ = cleared
    with client(address) as http:
        assert http.get("/health").json() == {"status": "alive"}
        ready = http.get("/ready")
        assert ready.status_code == 200
        assert ready.json()["pending_migrations"] == []
        for place in ("/health", "/ready", "/v1/openapi.json"):  # as load balancers probe
            got, head = http.get(place), http.head(place)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == got.headers["content-type"]
        figures = http.get("/metrics").text
    assert 'tripoint_lists{state="released"}' in figures
    assert "tripoint_backlog_messages 0.0" in figures
    assert "tripoint_http_requests_total" in figures
