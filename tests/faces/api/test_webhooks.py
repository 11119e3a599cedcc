"""Webhooks and keys as their owners keep them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.faces.api.serving import FIRM, OTHER, client, engine_over, key, serving
from tripoint.registers.access import names
from tripoint.registers.access.records import Scope

LOCAL = "http://127.0.0.1:9/receipts"


def test_a_webhook_is_registered_switched_and_seen_by_its_own_only(firm, other, operator):
    made = firm.post("/v1/webhooks", json={"url": LOCAL, "message_types": ["CEB622"]})
    assert made.status_code == 201
    told = made.json()
    assert told["secret"].startswith("whsec_")
    assert told["enterprise_code"] == FIRM
    place = made.headers["location"]
    kept = firm.get(place).json()
    assert "secret" not in kept
    assert kept["active"] is True
    assert firm.patch(place, json={"active": False}).json()["active"] is False
    assert firm.post("/v1/webhooks", json={"url": LOCAL}).status_code == 409
    assert other.get(place).status_code == 404
    assert other.patch(place, json={"active": True}).status_code == 404
    assert other.get(f"{place}/deliveries").status_code == 404
    assert operator.get(place).status_code == 200
    assert [item["url"] for item in firm.get("/v1/webhooks").json()["items"]] == [LOCAL]
    assert other.get("/v1/webhooks").json()["items"] == []
    assert firm.get(f"{place}/deliveries").json() == {"items": [], "next_before": None}
    assert firm.post(f"{place}/deliveries/1/redelivery").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://example.com/"},
        {"url": "https://user@example.com/"},
        {"url": LOCAL, "message_types": ["nonsense"]},
        {"url": LOCAL, "message_types": ["CEB621"]},
        {"url": LOCAL, "more": 1},
        {},
        [],
        {"url": "http://nowhere.invalid/"},
    ],
)
def test_refuses_what_is_no_address(firm, body):
    assert firm.post("/v1/webhooks", json=body).status_code == 400


def test_names_that_resolve_slowly_hold_nobody_up(other, url, engine, monkeypatch):
    monkeypatch.setattr(names, "LOOK_UP_SECONDS", 4)
    monkeypatch.setattr(names, "_resolve", lambda *_: time.sleep(6) or [])

    slow = {"Authorization": f"Bearer {key(engine, '3301960A03')}"}

    def register(number):
        body = {"url": f"http://{number}.slow.test/"}
        return httpx.post(f"{url}/v1/webhooks", json=body, headers=slow, timeout=30, trust_env=False)

    with ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(register, number) for number in range(12)]
        time.sleep(0.5)
        begun = time.monotonic()
        assert other.get("/v1/lists").status_code == 200
        assert time.monotonic() - begun < 2
        answers = [one.result() for one in asked]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(400, "WEBHOOK-HOST-SLOW")}


def test_a_key_that_only_reads_changes_no_webhook(firm, url, engine):
    place = firm.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/mine"}).headers["location"]
    with client(url, key(engine, FIRM, Scope.READ)) as reader:
        refused = [
            reader.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/thief"}),
            reader.patch(place, json={"active": False}),
            reader.post(f"{place}/secret"),
        ]
        assert {(one.status_code, one.json()["code"]) for one in refused} == {(403, "ACCESS-SCOPE")}
        assert reader.get(place).json()["active"] is True


def test_whoever_revokes_a_key_is_told_which_webhooks_go_on(operator, url, engine):
    text = key(engine, FIRM)
    number = text.split("_")[1]
    with client(url, text) as leaked:
        made = [
            leaked.post("/v1/webhooks", json={"url": f"http://127.0.0.1:9/of-a-key/{one}"}) for one in "ab"
        ]
    assert [one.json()["key_id"] for one in made] == [number, number]
    operator.patch(made[0].headers["location"], json={"active": False})
    assert operator.delete(f"/v1/keys/{number}").json()["webhooks"] == [made[1].json()["endpoint_id"]]


def test_a_secret_that_has_leaked_is_replaced(firm, other):
    made = firm.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/leaked"})
    place = made.headers["location"]
    renewed = firm.post(f"{place}/secret")
    assert renewed.status_code == 200
    assert renewed.json() | {"secret": ""} == made.json() | {"secret": ""}
    assert renewed.json()["secret"].startswith("whsec_")
    assert renewed.json()["secret"] != made.json()["secret"]
    assert other.post(f"{place}/secret").status_code == 404


def test_an_address_is_kept_in_one_form_however_it_is_written(firm):
    made = firm.post("/v1/webhooks", json={"url": "HTTP://LOCALHOST:80"})
    assert (made.status_code, made.json()["url"]) == (201, "http://localhost/")
    for same in ("http://localhost/", "http://localhost:80/?", "http://Localhost"):
        assert firm.post("/v1/webhooks", json={"url": same}).json()["code"] == "WEBHOOK-TWICE"


def test_the_operator_registers_for_no_enterprise_nobody_filed(operator):
    refused = operator.post("/v1/webhooks", json={"url": LOCAL, "enterprise_code": "NOPE"})
    assert (refused.status_code, refused.json()["code"]) == (404, "FILINGS-ENTERPRISE-UNKNOWN")


def test_a_firm_cannot_register_for_another_and_the_operator_names_whom(firm, operator, filed):
    body = {"url": "http://127.0.0.1:9/b", "enterprise_code": OTHER}
    assert firm.post("/v1/webhooks", json=body).status_code == 403
    assert operator.post("/v1/webhooks", json=body).json()["enterprise_code"] == OTHER
    assert operator.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/c"}).status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "http://localhost/",
    ],
)
def test_refuses_addresses_inside_a_private_network(new_database, tmp_path, address):
    with new_database() as database:
        engine = engine_over(database, tmp_path)
        with serving(engine) as url, client(url, key(engine)) as http:
            answer = http.post("/v1/webhooks", json={"url": address})
    assert (answer.status_code, answer.json()["code"]) == (400, "WEBHOOK-PRIVATE")


@pytest.fixture
def filed(engine):
    """The enterprise that a key is made for."""
    enterprise = {
        "enterprise_code": OTHER,
        "name": "示例",
        "roles": ["marketplace"],
        "realtime_payment_data": True,
        "since": "2016-01-01",
        "source": "made up for a test",
    }
    engine.load_filings(json.dumps({"enterprises": [enterprise]}).encode())


def test_the_operator_gives_out_and_takes_back_keys(operator, url, filed):
    made = operator.post(
        "/v1/keys", json={"name": "ERP", "scopes": ["send", "read"], "enterprise_code": OTHER}
    )
    assert made.status_code == 201
    with client(url, made.json()["text"]) as http:
        assert http.get("/v1/messages").status_code == 200
        taken = operator.delete(made.headers["location"])
        assert taken.json()["revoked_at"]
        assert http.get("/v1/messages").json()["code"] == "ACCESS-KEY-REVOKED"
    listed = operator.get("/v1/keys", params={"enterprise_code": OTHER}).json()["items"]
    assert made.json()["key_id"] in {item["key_id"] for item in listed}
    assert "text" not in listed[0]
    assert operator.delete("/v1/keys/000000000000").status_code == 404


def test_no_key_is_made_for_an_enterprise_nobody_filed(operator):
    body = {"name": "ERP", "scopes": ["send"], "enterprise_code": "NOBODY"}
    refused = operator.post("/v1/keys", json=body)
    assert (refused.status_code, refused.json()["code"]) == (404, "FILINGS-ENTERPRISE-UNKNOWN")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "x", "scopes": ["admin"]}, 403),
        ({"name": "x", "scopes": ["operator"], "enterprise_code": OTHER}, 400),
        ({"name": "x", "scopes": []}, 400),
        ({"name": "", "scopes": ["send"], "enterprise_code": OTHER}, 400),
        (
            {"name": "x", "scopes": ["send"], "enterprise_code": OTHER, "expires_at": "2001-01-01T00:00:00Z"},
            400,
        ),
        (
            {"name": "x", "scopes": ["send"], "enterprise_code": OTHER, "expires_at": "2099-01-01T00:00:00"},
            400,
        ),
        ({"name": "x", "scopes": ["operator"], "expires_at": "9999-12-31T23:59:59-23:59"}, 400),
        ({"name": "x", "scopes": ["operator"], "expires_at": "9999-12-31T23:59:59Z"}, 400),
        ({"name": "x", "scopes": ["operator"], "expires_at": "0001-01-01T00:00:00+23:59"}, 400),
    ],
)
def test_nobody_makes_a_key_that_may_more_than_he(operator, body, status):
    assert operator.post("/v1/keys", json=body).status_code == status


def test_a_firm_makes_no_keys(firm):
    body = {"name": "x", "scopes": ["send"], "enterprise_code": FIRM}
    assert firm.post("/v1/keys", json=body).status_code == 403
