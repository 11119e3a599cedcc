"""Asking about what was cleared: explain, lists, receipts, messages, registers; every answer also as JSON."""

from __future__ import annotations

import json

import pytest

from tests.faces.cli.running import EXAMPLES

REFUSED, WAITING, RELEASED = "240608XVA000000012", "240603XVA000000004", "240608XVA000000003"


@pytest.fixture(autouse=True)
def cleared(tripoint):
    """The examples lie in the installation."""
    assert tripoint("clear", EXAMPLES, "--quiet").code == 0


def test_explains_a_refused_list_with_field_value_rule_source_and_repair(tripoint):
    told = tripoint("explain", REFUSED, "--json").json
    assert told["state"] == "refused"
    finding = told["findings"][0]
    assert finding["code"] == "GOODS-02"
    assert finding["severity"] == "refuse"
    assert finding["field"]
    assert finding["value"]
    assert finding["repair"]["zh"]
    assert finding["repair"]["en"]
    assert finding["source"]
    assert [entry["kind"] for entry in told["journal"]].count("decision") >= 1
    text = tripoint("explain", REFUSED, "--lang", "en").out
    assert "to mend it:" in text
    assert "source:" in text


def test_explains_a_released_list_with_its_tax_line_by_line(tripoint):
    from decimal import Decimal

    told = tripoint("explain", RELEASED, "--json").json
    assert told["state"] == "released"
    assert told["tax"] == "349.67"
    parts = sum(
        Decimal(line[head]) for line in told["tax_lines"] for head in ("duty", "consumption_tax", "vat")
    )
    assert parts == Decimal(told["tax"])
    assert "349.67" in tripoint("explain", RELEASED).out


def test_finds_a_list_by_any_of_its_numbers(tripoint):
    told = tripoint("explain", RELEASED, "--json").json
    for name in ("list_no", "pre_no", "cop_no"):
        assert tripoint("explain", told[name], "--json").json["order_no"] == RELEASED


def test_says_what_a_list_waits_for(tripoint):
    assert tripoint("explain", WAITING, "--json").json["waits_for"] == ["payment"]
    assert "waiting for payment" in tripoint("explain", WAITING, "--lang", "en").out


def test_a_number_nobody_carries_is_unknown(tripoint):
    ended = tripoint("explain", "nothing")
    assert ended.code == 4
    assert "LIST-UNKNOWN" in ended.err
    assert ended.out == ""


def test_lists_by_state_page_by_page(tripoint):
    first = tripoint("lists", "--state", "released", "--most", "4", "--json").json
    assert len(first["lists"]) == 4
    rest = tripoint("lists", "--state", "released", "--most", "4", "--after", first["next"], "--json").json
    assert len(rest["lists"]) == 3
    assert rest["next"] is None
    assert tripoint("lists", "--state", "nonsense").code == 2
    assert [row["order_no"] for row in tripoint("lists", "--code", "GOODS-02", "--json").json["lists"]] == [
        REFUSED
    ]


def test_a_state_no_list_on_the_docket_has_is_refused(tripoint):
    ended = tripoint("lists", "--state", "not_taken")
    assert (ended.code, ended.err.count("STATE: "), ended.err.count("not_taken;")) == (2, 2, 1)


def test_what_a_list_waits_for_is_said_in_the_language_spoken(tripoint):
    assert "支付单" in tripoint("lists", "--state", "waiting", "--lang", "zh").out
    assert "payment" in tripoint("lists", "--state", "waiting", "--lang", "en").out


def test_every_time_of_an_explanation_is_said_to_be_chinas(tripoint):
    told = tripoint("explain", RELEASED, "--lang", "en")
    assert "received / decided (China)" in told.out
    assert "time (China)" in told.out
    assert "app_time=20" in told.out
    assert "+00:00" not in told.out


def test_receipts_by_order_and_as_files(tripoint, tmp_path):
    told = tripoint("receipts", "--order", RELEASED, "--json").json["receipts"]
    assert [row["return_status"] for row in told if row["message_type"] == "CEB622"] == ["2", "120", "800"]
    written = tripoint("receipts", "--out", tmp_path, "--json").json
    assert written["written"] == len(list(tmp_path.iterdir())) > 0
    again = tripoint("receipts", "--out", tmp_path, "--after", written["next"], "--json").json
    assert again["written"] == 0


def test_only_the_messages_that_carry_what_is_asked_for_are_written(tripoint, tmp_path):
    def written(*words):
        folder = tmp_path / "_".join(words)
        told = tripoint("receipts", *words, "--out", folder, "--json").json
        numbers = sorted(int(file.name.split("_")[1]) for file in folder.glob("*.xml"))
        assert told["written"] == len(numbers)
        return numbers

    def carriers(*words):
        told = tripoint("receipts", *words, "--most", "1000", "--json").json["receipts"]
        return sorted({row["outbox_id"] for row in told})

    everything = written()
    for words in (("--order", RELEASED), ("--type", "CEB816"), ("--status", "100", "--type", "CEB622")):
        assert written(*words) == carriers(*words)
        assert 0 < len(written(*words)) < len(everything)
    of_order = carriers("--order", RELEASED)
    assert written("--order", RELEASED, "--after", str(of_order[0])) == of_order[1:]
    assert written("--order", RELEASED, "--most", "2") == of_order[:2]
    assert written("--order", "nothing") == []


def test_messages_by_state(tripoint):
    assert "0 messages wait again" in tripoint("messages", "--again", "--lang", "en").err
    told = tripoint("messages", "--state", "unreadable", "--json").json["messages"]
    assert len(told) == 1
    assert told[0]["refusal_code"] == "WIRE-06"


def test_the_books_are_right_and_a_deposit_counts_once(tripoint):
    guarantor = tripoint("explain", RELEASED, "--json").json["guarantor_code"]
    first = tripoint("ledger", "deposit", guarantor, "10.50", "--reference", "R1", "--json").json
    assert (first["written"], first["known"]) == (1, 0)
    again = tripoint("ledger", "deposit", guarantor, "10.50", "--reference", "R1", "--json").json
    assert (again["written"], again["known"]) == (0, 1)
    assert tripoint("ledger", "deposit", guarantor, "11.00", "--reference", "R1").code == 5
    assert tripoint("ledger", "withdraw", guarantor, "10.50", "--reference", "R2").code == 0
    assert tripoint("ledger", "withdraw", guarantor, "99999999999.00", "--reference", "R3").code == 5
    assert tripoint("ledger", "deposit", guarantor, "ten", "--reference", "R4").code == 2
    assert tripoint("ledger", "check", "--json").json["sound"] is True
    accounts = tripoint("ledger", "statement", "--json").json["accounts"]
    name = next(one["account"] for one in accounts if guarantor in one["account"])
    assert tripoint("ledger", "statement", name, "--json").json["account"] == name
    assert tripoint("ledger", "statement", "nobody/nothing").code == 4


def test_api_keys_are_made_shown_and_taken_back(tripoint):
    made = tripoint("access", "create", "--name", "erp", "--enterprise", "0000XVA001", "--json").json
    assert made["key"].startswith("tpk_") or made["key"]
    assert made["scopes"] == ["read", "send"]
    listed = tripoint("access", "list", "--enterprise", "0000XVA001", "--json")
    assert [key["key_id"] for key in listed.json["keys"]] == [made["key_id"]]
    assert made["key"] not in listed.out
    assert tripoint("access", "revoke", made["key_id"], "--json").json["revoked_at"]
    assert tripoint("access", "revoke", "000000000000").code == 4
    assert "/login?key=" in tripoint("access", "console").out


def test_keys_are_shown_with_what_has_become_of_them(tripoint, installation):
    made = {
        name: tripoint("access", "create", "--name", name, *more, "--json").json["key_id"]
        for name, more in {"lasting": (), "ending": ("--days", "1"), "taken": ()}.items()
    }
    tripoint("access", "revoke", made["taken"])
    shown = tripoint("access", "list", "--most", "1000", "--lang", "en").out
    for head in ("state", "made (China)", "ends", "last used"):
        assert head in " ".join(shown.split())
    rows = {name: next(line for line in shown.splitlines() if key in line) for name, key in made.items()}
    assert "valid" in rows["lasting"]
    assert "valid" in rows["ending"]
    assert "revoked" in rows["taken"]


def test_a_key_that_has_expired_is_said_to_be_so():
    from datetime import UTC, datetime, timedelta

    from tripoint.faces.cli.access import _state
    from tripoint.registers.access.records import ApiKey, Scope

    now = datetime(2026, 1, 1, tzinfo=UTC)
    key = ApiKey(
        key_id="0" * 12, enterprise_code=None, name="x", scopes=frozenset({Scope.OPERATOR}),
        created_at=now - timedelta(days=2), expires_at=now, revoked_at=None, last_used_at=None,
    )  # fmt: skip
    assert _state(key, now).en == "expired"


def test_nothing_is_lodged_for_or_given_to_an_enterprise_nobody_filed(tripoint):
    accounts, keys = (
        tripoint(*words, "--json").out for words in (("ledger", "statement"), ("access", "list"))
    )
    for words in (
        ("ledger", "deposit", "NOPE", "5", "--reference", "N1"),
        ("access", "create", "--name", "x", "--enterprise", "NOPE"),
    ):
        ended = tripoint(*words)
        assert (ended.code, ended.err.count("FILINGS-ENTERPRISE-UNKNOWN: "), ended.out) == (4, 2, "")
    assert tripoint("ledger", "statement", "--json").out == accounts
    assert tripoint("access", "list", "--json").out == keys


@pytest.mark.parametrize("amount", ["-5", "0", "0.00"])
@pytest.mark.parametrize("matter", ["deposit", "withdraw"])
def test_an_amount_that_is_not_above_zero_is_told_so(tripoint, matter, amount):
    ended = tripoint("ledger", matter, "0000XVA001", amount, "--reference", "R9")
    assert (ended.code, ended.err.count("AMOUNT: ")) == (2, 2)
    assert "above zero" in ended.err


def test_filings_load_once_and_certificates_can_be_revoked(tripoint):
    loaded = tripoint("filings", "load", EXAMPLES / "filings.json", "--json").json
    assert loaded["report"]["enterprises"]["added"] == []
    assert loaded["report"]["enterprises"]["unchanged"] == 30
    assert tripoint("filings", "revoke", "ab" * 32, "--reason", "lost").code == 4
    assert tripoint("filings", "list", "--role", "carrier", "--json").json["enterprises"]
    assert tripoint("filings", "list", "--role", "king").code == 2


def test_filings_that_are_faulty_are_refused_whole(tripoint, tmp_path):
    (tmp_path / "f.json").write_text(json.dumps({"enterprises": [{"name": "x"}]}))
    ended = tripoint("filings", "load", tmp_path / "f.json")
    assert ended.code == 2
    assert "enterprises[0]" in ended.err


def test_rates_are_shown_with_their_source_and_seeded_once(tripoint):
    assert tripoint("rates", "seed", "--json").json["rows"] == 0
    assert tripoint("rates", "show", "0000000000").code == 4
    assert tripoint("rates", "show", "3304990029", "--on", "yesterday").code == 2


def test_a_rates_file_is_shown_then_applied_and_counts_from_its_day(tripoint, tmp_path):
    from tripoint.regimes.load import data_root

    head, row, *_ = data_root().joinpath("cn", "rates.csv").read_text(encoding="utf-8").splitlines()
    later = row.replace("2019-04-01", "2030-01-01").replace("13 %", "9 %")
    (tmp_path / "rates.csv").write_text(f"{head}\n{later}\n", encoding="utf-8")
    code = row.split(",")[0]
    proposal = tripoint("rates", "propose", tmp_path / "rates.csv", "--json")
    assert proposal.code == 0, proposal.out
    assert [one["after"]["vat_ppm"] for one in proposal.json["differences"]] == [90_000]
    assert tripoint("rates", "show", code, "--on", "2030-01-01", "--json").json["vat_ppm"] == 130_000
    assert tripoint("rates", "apply", proposal.json["digest"], "--json").code == 0
    assert tripoint("rates", "show", code, "--on", "2030-01-01", "--json").json["vat_ppm"] == 90_000
    assert tripoint("rates", "show", code, "--on", "2029-12-31", "--json").json["vat_ppm"] == 130_000
    assert tripoint("rates", "apply", "0" * 64).code == 4


def test_a_rates_file_with_errors_is_told_and_not_kept(tripoint, tmp_path):
    (tmp_path / "r.csv").write_text("nonsense\n1\n")
    ended = tripoint("rates", "propose", tmp_path / "r.csv", "--json")
    assert ended.code == 1
    assert ended.json["digest"] is None
    assert ended.json["errors"]


def test_an_error_of_a_rates_file_names_its_line_and_column_in_both_languages(tripoint, tmp_path):
    from tripoint.regimes.load import data_root

    head, row, *_ = data_root().joinpath("cn", "rates.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "r.csv").write_text(f"{head}\n{row.replace('2019-04-01', 'soon')}\n", encoding="utf-8")
    ended = tripoint("rates", "propose", tmp_path / "r.csv")
    assert ended.code == 1
    assert "第 2 行 since：" in ended.err
    assert "line 2 since: " in ended.err


def test_judging_again_without_a_change_changes_nothing(tripoint):
    assert tripoint("rejudge", "--json").json["states"] == {}
    assert tripoint("rejudge", "--code", "GOODS-02", "--json").json["states"] == {}
    assert tripoint("rejudge", "--code", "NOTHING-99").code == 2


def test_the_database_says_where_it_is(tripoint, installation):
    told = tripoint("db", "status", "--json").json
    assert (told["embedded"], told["running"], told["pending"]) == (False, True, [])
    assert f"dbname={told['database'].partition('dbname=')[2]}" in tripoint("db", "status").out
    assert tripoint("db", "stop").code == 5
    assert tripoint("db", "migrate", "--json").json["pending"] == []
    assert tripoint("db", "path").out.strip() == installation["TRIPOINT_DATA_DIR"]


def test_tables_in_chinese_say_nothing_in_english_that_has_a_chinese_name(tripoint):
    shown = {
        words: tripoint(*words, "--lang", "zh").out
        for words in (
            ("messages", "--most", "1000"),
            ("filings", "list"),
            ("ledger", "statement"),
            ("ledger", "statement", "outside"),
            ("rates", "show", "8715000010", "--on", "2024-06-03"),
        )
    }
    english = ("unreadable", " read ", "valid", "marketplace", "_available ", "_pledged ", "deposit", "True")
    english += ("hs_code", "declared_on", "listed", "Unknown", "not well-formed")
    assert [(words, word) for words, said in shown.items() for word in english if word in said] == []
    assert "GOODS-02（退单）" in tripoint("explain", REFUSED, "--lang", "zh").out
    assert "不是格式良好的" in shown["messages", "--most", "1000"]
    english_messages = tripoint("messages", "--state", "unreadable", "--lang", "en").out
    assert "不是" not in english_messages
    assert "[WIRE-06] this is not" in " ".join(english_messages.split())


def test_every_word_a_register_keeps_has_a_name_for_people():
    from tripoint.faces.cli import words
    from tripoint.kernel.findings import Severity
    from tripoint.messages.signatures.verdicts import SignatureState
    from tripoint.registers.filings.records import Role
    from tripoint.registers.ledger.records import AccountKind

    assert set(words.ROLE_NAMES) == set(Role)
    assert set(words.ACCOUNT_NAMES) == set(AccountKind)
    assert set(words.SIGNATURE_NAMES) == set(SignatureState)
    assert set(words.SEVERITY_NAMES) == set(Severity)
