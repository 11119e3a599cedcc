"""The console shows what happened to whoever may see it, in both languages, and runs nothing that a paper says."""

from datetime import timedelta

import pytest

from tests.faces.api.serving import FIRM, client, engine_over, key, serving
from tests.faces.console.conftest import HOSTILE, links
from tripoint.faces.console import sessions, words
from tripoint.kernel.text import Text
from tripoint.registers.access import desk as access


def crawl(http, most=400):
    """Every page that can be reached from the first, by address."""
    found, waiting = {}, ["/"]
    while waiting and len(found) < most:
        place = waiting.pop(0)
        if place in found or "lang=" in place:
            continue
        found[place] = http.get(place)
        if "text/html" in found[place].headers["content-type"]:
            waiting += links(found[place].text)
    return found


def test_every_link_leads_to_a_page_that_is_whole(reader):
    found = crawl(reader)
    assert len(found) > 60
    assert {place: page.status_code for place, page in found.items() if page.status_code != 200} == {}
    for place, page in found.items():
        if place != "/console.css":
            assert page.text.rstrip().endswith("</html>"), place


def test_nothing_a_paper_says_becomes_part_of_the_page(reader):
    pages = crawl(reader)
    seen = 0
    for page in pages.values():
        assert "<img" not in page.text
        assert "<script" not in page.text
        assert "{{" not in page.text.replace("{{7*7}}", "")
        seen += "&lt;img src=x onerror=alert(1)&gt;" in page.text
    assert seen >= 3
    one = reader.get("/list", params={"number": HOSTILE})
    assert one.status_code == 200
    assert HOSTILE not in one.text


def test_the_browser_is_told_to_run_nothing_and_to_keep_nothing(reader):
    headers = reader.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


def test_shows_totals_and_the_reasons_of_a_list(reader):
    first = reader.get("/").text
    assert "放行" in first
    assert "CEB621" in first
    page = reader.get("/lists", params={"state": "refused"}).text
    assert "退单" in page
    place = next(link for link in links(page) if link.startswith("/list?"))
    one = reader.get(place).text
    assert "如何改正" in one
    assert "依据" in one
    assert "经过" in one


def test_pages_through_all_lists_once(reader):
    seen, place = [], "/lists"
    while place:
        page = reader.get(place).text
        seen += [link for link in links(page) if link.startswith("/list?")]
        place = next((link for link in links(page) if 'rel="next" href' in page and "after=" in link), None)
        if 'rel="next"' not in page:
            break
    assert len(seen) == len(set(seen))
    assert len(seen) > 50


def test_finds_a_list_by_number_and_says_when_there_is_none(reader):
    assert reader.get("/list", params={"number": "NO-SUCH"}).status_code == 404
    assert "没有编号为 NO-SUCH 的清单" in reader.get("/list", params={"number": "NO-SUCH"}).text
    assert 'action="/list"' in reader.get("/list", params={"number": "NO-SUCH"}).text  # to try another
    assert reader.get("/list").status_code == 400
    assert "参数 number 缺失或有误" in reader.get("/list").text
    assert "参数 before 缺失或有误" in reader.get("/messages?before=abc").text
    assert reader.get("/lists", params={"after": "x"}).status_code == 400
    assert reader.get("/message", params={"number": 10**30}).status_code == 400


def test_speaks_both_languages_and_remembers_the_choice(engine, url):
    with client(url) as http:
        http.post("/login", data={"key": key(engine, None)})
        assert "总览" in http.get("/").text
        assert "Overview" in http.get("/", headers={"Accept-Language": "en-GB"}).text
        for accepted in ("en;q=0.1, zh;q=0.9", "en;q=0", "de"):
            assert "总览" in http.get("/", headers={"Accept-Language": accepted}).text
        english = http.get("/", params={"lang": "en"})
        assert 'lang="en"' in english.text
        assert "Overview" in http.get("/").text
        assert "总览" in http.get("/?lang=zh").text


def test_every_word_is_there_in_both_languages():
    for text in (*words.WORDS.values(), *words.STATES.values()):
        assert isinstance(text, Text)
        assert text.zh
        assert text.en


def test_times_are_those_of_china(reader, engine):
    with engine.transaction() as tx:
        at = tx.value("select max(received_at) from messages")
    assert words.moment(at) in reader.get("/messages").text


def test_every_time_of_a_list_is_said_to_be_chinas(reader):
    lists = reader.get("/lists").text
    assert "收到时间（北京时间）" in lists
    one = reader.get(next(link for link in links(lists) if link.startswith("/list?"))).text
    for head in ("收到时间（北京时间）", "决定时间（北京时间）", "时间（北京时间）"):
        assert head in one
    assert "app_time: 20" in one
    assert "+00:00" not in one


@pytest.mark.parametrize(
    ("place", "code", "status"),
    [
        ("/lists?state=foo", "STATE", 400),
        ("/messages?state=foo", "STATE", 400),
        ("/lists?code=NOTHING-99", "FINDING-UNKNOWN", 404),
    ],
)
def test_a_state_or_code_that_is_none_is_no_empty_page(reader, place, code, status):
    page = reader.get(place)
    assert (page.status_code, code in page.text) == (status, True)


@pytest.mark.parametrize("place", ["/messages?state=received", "/lists?state=inspect"])
def test_where_nothing_is_like_what_was_chosen_nobody_is_told_to_send_more(reader, place):
    page = reader.get(place).text
    assert "没有符合条件的内容" in page
    assert "POST /v1/messages" not in page


def test_an_empty_installation_says_what_to_do(new_database, tmp_path):
    with new_database() as database:
        empty = engine_over(database, tmp_path)
        with serving(empty) as url, client(url) as http:
            http.post("/login", data={"key": key(empty, None)})
            for place in ("/", "/messages"):
                assert "POST /v1/messages" in http.get(place).text
            assert http.get("/lists").status_code == 200


@pytest.mark.parametrize(
    "place", ["/", "/lists", "/messages", "/findings", "/list?number=1", "/message?number=1"]
)
def test_shows_nothing_to_whoever_has_not_logged_in(url, engine, place):
    with client(url) as http:
        answer = http.get(place)
        assert answer.status_code == 401
        assert 'action="/login"' in answer.text
        assert 'action="/list"' not in answer.text
        http.cookies.set(sessions.COOKIE, key(engine, FIRM))
        assert http.get(place).status_code == 403
        http.cookies.set(sessions.COOKIE, "tp_" + "0" * 12 + "_" + "0" * 64)
        assert http.get(place).status_code == 401


def test_an_address_that_opens_the_console_does_so_once(engine, url):
    text = engine.console_key()
    with client(url) as http:
        first = http.get("/login", params={"key": text})
        assert first.status_code == 200
        said = first.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=strict" in said
        assert text not in first.text
        assert http.get("/").status_code == 200
    with client(url) as thief:
        assert thief.get("/login", params={"key": text}).status_code == 401
        assert thief.get("/").status_code == 401


def test_an_operators_own_key_still_works_after_it_logged_in(engine, url):
    text = key(engine, None)
    with client(url) as http:
        http.post("/login", data={"key": text})
        session = http.cookies[sessions.COOKIE]
        assert session != text
        assert http.get("/").status_code == 200
        out = http.post(
            "/logout"
        )  # leads to a page of its own, so that the links of that page lead somewhere
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        assert sessions.COOKIE not in http.cookies
    with client(url) as http:
        http.cookies.set(sessions.COOKIE, session)
        assert http.get("/").status_code == 401
        assert http.post("/login", data={"key": text}).status_code == 200
    with engine.transaction() as tx:
        assert access.authenticate(tx, text, now=engine.clock.now())


def test_a_session_is_over_with_the_key_it_was_opened_with(engine, url):
    text = key(engine, None)
    with client(url) as http:
        http.post("/login", data={"key": text})
        assert http.get("/").status_code == 200
        with engine.transaction() as tx:
            access.revoke_key(tx, text.split("_")[1], at=engine.clock.now())
        page = http.get("/", headers={"Accept-Language": "en"})
        assert (page.status_code, "revoked" in page.text) == (401, True)


def test_a_session_ends_no_later_than_the_key_it_was_opened_with(engine, url):
    soon = engine.clock.now() + timedelta(seconds=60)
    with client(url) as http:
        http.post("/login", data={"key": key(engine, None, expires_at=soon)})
        session = http.cookies[sessions.COOKIE]
    with engine.transaction() as tx:
        assert access.authenticate(tx, session, now=engine.clock.now()).expires_at == soon


def test_a_session_and_a_login_address_open_nothing_but_the_console(engine, url):
    login = engine.console_key()
    with client(url, login) as http:
        assert http.post("/v1/keys", json={"name": "x", "scopes": ["operator"]}).status_code == 403
    with client(url) as http:
        http.post("/login", data={"key": key(engine, None)})
        session = http.cookies[sessions.COOKIE]
        bearer = {"Authorization": f"Bearer {session}"}
        made = http.post("/v1/keys", json={"name": "x", "scopes": ["operator"]}, headers=bearer)
        assert (made.status_code, made.json()["code"]) == (403, "ACCESS-SCOPE")
        assert http.get("/v1/messages", headers=bearer).status_code == 403
        assert http.post("/login", data={"key": session}).status_code == 403  # nor does it prolong itself


def test_refuses_keys_of_firms_wrong_keys_and_forms_of_other_sites(engine, url):
    with client(url) as http:
        assert http.post("/login", data={"key": key(engine, FIRM)}).status_code == 403
        wrong = http.post("/login", data={"key": "nonsense"})
        assert wrong.status_code == 401
        assert "Authorization" not in wrong.text  # a form has no such header
        assert (
            http.post(
                "/login", data={"key": key(engine, None)}, headers={"Origin": "http://evil.example"}
            ).status_code
            == 403
        )
        assert http.get("/").status_code == 401
