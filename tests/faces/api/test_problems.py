"""What cannot be served is told in one form and in both languages, and never more than the caller may know."""

import time

import pytest
from structlog.testing import capture_logs

from tests.faces.api.serving import post
from tripoint.faces.api import problems
from tripoint.faces.api.problems import language_of
from tripoint.kernel import refusals

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "ROUTE-UNKNOWN"),
        ("GET", "/v1", 404, "ROUTE-UNKNOWN"),
        ("GET", "/v1/nowhere", 404, "ROUTE-UNKNOWN"),
        ("GET", "/v1/messages/not-a-number", 404, "ROUTE-UNKNOWN"),
        ("GET", "/v1/messages/999999999", 404, "MESSAGE-UNKNOWN"),
        ("GET", "/v1/messages/99999999999999999999999", 400, "REQUEST-INVALID"),
        ("GET", "/v1/messages?limit=0", 400, "REQUEST-INVALID"),
        ("GET", "/v1/messages?before=x", 400, "REQUEST-INVALID"),
        ("GET", "/v1/receipts?wait=31", 400, "REQUEST-INVALID"),
        ("GET", "/v1/receipts?order_no=%00", 400, "REQUEST-INVALID"),
        ("GET", "/v1/lists?after=x", 400, "CURSOR"),
        ("GET", "/v1/lists?state=finished", 400, "REQUEST-INVALID"),
        ("GET", "/v1/messages?state=finished", 400, "REQUEST-INVALID"),
        ("GET", "/v1/lists/nobody-has-this", 404, "LIST-UNKNOWN"),
        ("GET", "/v1/outbox/999999999", 404, "OUTBOX-UNKNOWN"),
        ("DELETE", "/v1/messages", 405, "METHOD-NOT-ALLOWED"),
        ("POST", "/v1/receipts", 405, "METHOD-NOT-ALLOWED"),
        ("POST", "/v1/assessments", 400, "REQUEST-INVALID"),
        ("GET", "/v1/keys", 403, "ACCESS-SCOPE"),
    ],
)
def test_every_refusal_is_a_problem_document(firm, method, path, status, code):
    answer = firm.request(method, path)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM
    assert told["status"] == status
    assert told["type"] == f"urn:tripoint:problem:{code.lower()}"
    assert told["title"]
    assert told["detail"] == told["texts"]["en"]
    assert len(told["request_id"]) == 32
    if status == 405:
        assert answer.headers["allow"]
    if code == "REQUEST-INVALID":
        assert told["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("messages?limit=0", "limit", "Expected `int` >= 1 / 应为不小于 1 的整数"),
        ("messages?before=x", "before", "Expected `int`, got `str` / 应为整数，而不是文本"),
        ("messages?limit=1e3", "limit", "Expected `int`, got `str` / 应为整数，而不是文本"),
        ("messages?limit=1.0", "limit", "Expected `int`, got `str` / 应为整数，而不是文本"),
        ("receipts?after=1&after=2", "after", "said more than once / 重复出现"),
        ("receipts?order_no=", "order_no", "Expected `str` of length >= 1 / 文本长度不得少于 1"),
        (
            "messages?state=foo",
            "state",
            (
                "Invalid enum value 'foo'; there are received, read, unreadable / "
                "没有 foo 这个值；现有 received, read, unreadable"
            ),
        ),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told_in_both_languages(firm, query, field, said):
    answer = firm.get(f"/v1/{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": said}]


@pytest.mark.parametrize(
    ("body", "field", "chinese"),
    [
        (b"{", "body", "JSON 不完整"),
        (b"", "body", "须有 JSON 内容"),
        (b"[]", "body", "应为对象，而不是数组"),
        (b"{}", "body", "缺少字段 name"),
        (b'{"name":"x","scopes":["send"],"more":1}', "body", "没有字段 more"),
        (b'{"name":"x","scopes":[]}', "scopes", "数组长度不得少于 1"),
        (b'{"name":"x","scopes":["foo"]}', "scopes[0]", "没有 foo 这个值；现有 send, read, operator"),
        (
            b'{"name":"x","scopes":["send"],"expires_at":"2099-01-01T00:00:00"}',
            "expires_at",
            "日期时间须带时区",
        ),
        (b"x", "body", "JSON 有误"),
    ],
)
def test_what_is_wrong_with_a_body_is_told_in_both_languages(operator, body, field, chinese):
    answer = operator.post("/v1/keys", content=body, headers={"Content-Type": "application/json"})
    (error,) = answer.json()["errors"]
    english, _, told = error["message"].partition(" / ")
    assert (answer.status_code, error["field"]) == (400, field)
    assert english
    assert told.startswith(chinese)


@pytest.mark.parametrize("path", ["/v1/webhooks", "/v1/keys", "/v1/assessments"])
def test_a_body_of_many_brackets_is_the_callers_mistake(operator, nobody, path):
    body = {"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}
    with capture_logs() as logs:
        known, unknown = operator.post(path, **body), nobody.post(path, **body)
    assert (known.status_code, known.json()["code"]) == (400, "REQUEST-INVALID")
    assert "nested too deeply" in known.json()["errors"][0]["message"]
    assert (unknown.status_code, unknown.json()["code"]) == (401, "ACCESS-KEY-MISSING")
    assert not [entry for entry in logs if entry["event"] == "fault"]


def test_nothing_is_read_from_whoever_shows_no_key(nobody):
    answer = nobody.post("/v1/webhooks?strange=1", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (401, "ACCESS-KEY-MISSING")


@pytest.mark.parametrize(
    "path", ["/v1/messages", "/v1/messages/1/raw", "/v1/webhooks", "/v1/keys/1", "/health"]
)
def test_says_which_methods_an_address_has(firm, path):
    offered, refused = firm.options(path), firm.request("PATCH", path)
    assert (offered.status_code, offered.content, refused.status_code) == (204, b"", 405)
    assert set(offered.headers["allow"].split(", ")) == set(refused.headers["allow"].split(", "))


def test_speaks_the_language_of_the_caller(firm):
    chinese = firm.get("/v1/messages/999999999", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert chinese.json()["detail"] == "没有报文 999999999"
    assert chinese.json()["title"] == "不存在"
    assert chinese.headers["content-language"] == "zh"
    english = firm.get("/v1/messages/999999999", headers={"Accept-Language": "en"})
    assert english.json()["detail"] == "there is no message 999999999"
    assert english.json()["texts"] == chinese.json()["texts"]


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("ZH-Hans-CN", "zh"),
        ("en;q=0.5, zh;q=0.6", "zh"),
        ("zh;q=0.5, en;q=0.51", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=nonsense", "en"),
        ("de", "en"),
        ("*", "en"),
        ("zh;q=1.5x,en;q=0.1", "en"),
        (",;=,,zh", "zh"),
    ],
)
def test_chooses_the_language_liked_best(accept, language):
    assert language_of(accept) == language


def test_a_fault_of_ours_tells_a_number_and_nothing_of_its_inside(engine, firm, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(engine, "admit_all", broken)
    with capture_logs() as logged:
        answer = post(firm, b"<a/>")
    told = answer.json()
    assert (answer.status_code, answer.headers["content-type"], told["code"]) == (500, PROBLEM, "FAULT")
    assert "secret" not in answer.text
    (fault,) = [entry for entry in logged if entry["event"] == "fault"]
    assert fault["request_id"] == told["request_id"]
    assert "the secret inside" in str(fault["exc_info"])


def test_busy_says_when_to_come_again(engine, firm, monkeypatch):
    def busy(*_args, **_more):
        raise refusals.Busy("DATABASE-CROWDED", "忙", "busy", retry_after_seconds=7)

    monkeypatch.setattr(engine, "admit_all", busy)
    answer = post(firm, b"<a/>")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_each_kind_of_refusal_has_a_status_and_a_title():
    kinds = {
        kind
        for kind in vars(refusals).values()
        if isinstance(kind, type) and issubclass(kind, refusals.Refusal) and kind is not refusals.Refusal
    }
    assert set(problems.STATUS) == kinds
    assert set(problems.STATUS.values()) <= set(problems.TITLES)
    assert all(title.zh and title.en for title in problems.TITLES.values())


def test_the_log_of_a_request_holds_neither_query_nor_body(firm):
    with capture_logs() as logged:
        firm.get("/v1/receipts", params={"order_no": "SECRET-ORDER-77"})
        firm.get("/v1/lists/SECRET-ORDER-78")
        post(firm, b"<secret-body/>")
        for _ in range(100):  # a request is logged once its answer is on its way
            if len([entry for entry in logged if entry["event"] == "request"]) == 3:
                break
            time.sleep(0.05)
    assert [entry["route"] for entry in logged] == ["/v1/receipts", "/v1/lists/{number}", "/v1/messages"]
    assert all(entry["key_id"] for entry in logged)
    assert "secret" not in str(logged).lower()


def test_a_faulty_parameter_goes_by_the_name_the_caller_wrote(firm):
    for path in ("/v1/lists?state=x", "/v1/messages?state=x"):
        assert [one["field"] for one in firm.get(path).json()["errors"]] == ["state"]
