"""Invalid configurations, and `omnimsg config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.command import Run

    from omnimsg.sandbox import Sandbox

SEND = ("send", "--to", "+27820990001", "--text", "x")


def test_a_missing_file_says_how_to_make_one(run: Run) -> None:
    """The hint for a missing configuration is the command that makes one."""
    ran = run(*SEND)

    assert ran.code == 2
    assert ran.error == "error: omnimsg.toml: no such file"
    assert "omnimsg sandbox --print-config > omnimsg.toml" in ran.hint


def test_the_environment_names_the_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """OMNIMSG_CONFIG is used without --config, and --config takes precedence over it."""
    monkeypatch.setenv("OMNIMSG_CONFIG", "from-environment.toml")

    assert "from-environment.toml" in run(*SEND).error
    assert "from-flag.toml" in run(*SEND, "--config", "from-flag.toml").error


def test_an_empty_variable_names_no_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty OMNIMSG_CONFIG counts as not set, as for `Client.from_env`; an empty flag is wrong.

    The command took the working directory for the file.
    """
    monkeypatch.setenv("OMNIMSG_CONFIG", "")

    assert "error: omnimsg.toml: no such file" == run(*SEND).error
    assert "--config: names no file" in run(*SEND, "--config", "").error


def test_a_line_break_in_the_name_of_the_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable from a file of Windows ends in a carriage return, which the error names.

    It was printed as three errors, one of which was advice.
    """
    monkeypatch.setenv("OMNIMSG_CONFIG", "omnimsg.toml\r")

    ran = run(*SEND)

    assert "error: omnimsg.toml\\r: no such file" == ran.error
    assert "hint: look at its name: it has U+000D (CARRIAGE RETURN) at the end" == ran.hint


@pytest.mark.parametrize(
    ("change", "error", "hint"),
    [
        (("[accounts.bird]", "[accounts.bird"), "is not TOML", "--print-config"),
        (("api_key =", "api_kye ="), "accounts.clickatell.api_kye", "did you mean 'api_key'?"),
        (
            ('provider = "bird"', 'provider = "brid"'),
            "unknown provider 'brid'",
            "did you mean 'bird'?",
        ),
        (('default = "clickatell"', 'default = "click"'), "default", "did you mean 'clickatell'?"),
        (('default = "clickatell"', ""), "default: name the account to use", "--print-config"),
        (('"sandbox-not-a-secret-A=="', '"env:NO_SUCH"'), "NO_SUCH is not set", "export NO_SUCH="),
        (
            ("http://127.0.0.1", "http://example.test"),
            "accounts.bird.base_url: must be https",
            "plain http",
        ),
    ],
)
def test_a_wrong_configuration(
    run: Run, sandbox: Sandbox, tmp_path: Path, change: tuple[str, str], error: str, hint: str
) -> None:
    """Every command that reads the configuration reports the key in one line, and exits with 2."""
    file = tmp_path / "omnimsg.toml"
    assert change[0] in file.read_text()
    file.write_text(file.read_text().replace(*change, 1))

    for command in (SEND, ("config", "show"), ("status", "clickatell:1")):
        ran = run(*command)

        assert ran.code == 2
        assert error in ran.error
        assert hint in ran.hint
        assert "sandbox-password" not in ran.err


def test_show_prints_the_source_of_each_value(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets are masked; a source is the file, a variable, another file or the provider."""
    monkeypatch.setenv("MESSENTE_PASSWORD", "hunter2")
    (tmp_path / "key").write_text("hunter3\n")
    file = tmp_path / "omnimsg.toml"
    text = file.read_text().replace('"sandbox-password"', '"env:MESSENTE_PASSWORD"')
    file.write_text(text.replace('"sandbox-not-a-secret-A=="', '"file:key"'))

    ran = run("config", "show", "--json")

    values = {row["account"]: row["values"] for row in ran.rows}
    assert ran.code == 0
    assert values["messente"]["password"] == {"value": "***", "source": "env:MESSENTE_PASSWORD"}
    assert values["clickatell"]["api_key"] == {"value": "***", "source": "file:key"}
    assert values["messente"]["username"] == {"value": "sandbox", "source": "omnimsg.toml"}
    assert values["clickatell"]["channel"]["source"] == "provider"
    assert [row["account"] for row in ran.rows if row["default"]] == ["clickatell"]


def test_show_prints_no_secret(run: Run, sandbox: Sandbox) -> None:
    """Neither the table nor JSON shows a credential."""
    for flags in ((), ("--json",)):
        ran = run("config", "show", *flags)

        assert ran.code == 0
        for secret in ("sandbox-access-key", "sandbox-not-a-secret", "sandbox-password"):
            assert secret not in ran.out


def test_show_hides_extras_and_masks_senders(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The values of extras, which may contain anything, are hidden; senders are masked."""
    table = (
        '[accounts.second]\nprovider = "messente"\nusername = "me"\npassword = "pw"\n'
        'sender = "+37255500001"\n'
        '[accounts.second.extras]\ntext_store = "hidden"\n'
        '[accounts.second.templates.hello]\nlanguage = "en"\nkeys = ["a", "b"]\n'
        '[accounts.second.codes."err:43"]\nreason = "unknown"\nverdict = "rejected"\n'
    )
    (tmp_path / "more.toml").write_text(table)

    ran = run("config", "show", "--config", "more.toml", "--json")

    values = ran.rows[0]["values"]
    assert values["extras.text_store"]["value"] == "***"
    assert values["sender"]["value"] == "+372******01"
    assert values["templates.hello.keys"] == {"value": "a, b", "source": "more.toml"}
    assert values["base_url"]["source"] == "provider"
    assert "codes.err:43" in values


def test_show_prints_the_policy(run: Run, tmp_path: Path) -> None:
    """The effective limits are shown: the provider's where it is stricter or none is configured."""
    key = 'username = "me"\npassword = "pw"'
    table = (
        f'default = "own"\n[accounts.own]\nprovider = "messente"\n{key}\n'
        'account_trouble = "hold"\nretry.attempts = 5\n'
        "limits = { requests_per_second = 20, concurrency = 4, max_pause = 99999999 }\n"
        f'[accounts.loose]\nprovider = "messente"\n{key}\nlimits.requests_per_second = 1000\n'
    )
    (tmp_path / "omnimsg.toml").write_text(table)

    ran = run("config", "show", "--json")

    own, loose = (row["values"] for row in ran.rows)
    for values, shown, value, source in (
        (own, "account_trouble", "hold", "omnimsg.toml"),
        (own, "on_ambiguous", "hold", "default"),
        (own, "retry.attempts", "5", "omnimsg.toml"),
        (own, "retry.base", "0.5", "default"),
        (own, "breaker.failures", "5", "default"),
        (own, "limits.requests_per_second", "20.0", "omnimsg.toml"),
        (own, "limits.concurrency", "4", "omnimsg.toml"),
        (own, "limits.max_pause", "99999999.0", "omnimsg.toml"),
        (loose, "limits.requests_per_second", "150", "provider"),
        (loose, "limits.concurrency", "16", "provider"),
    ):
        assert {"value": value, "source": source} == values[shown]
    assert "limits.messages_per_second" not in own


def test_every_problem_is_a_line(run: Run, tmp_path: Path) -> None:
    """Each problem is one error line."""
    table = '[accounts.one]\nprovider = "clickatel"\n[accounts.two]\nprovider = "messente"\n'
    (tmp_path / "wrong.toml").write_text(table)

    ran = run("config", "show", "--config", "wrong.toml")

    problems = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert [line.split(": ")[2] for line in problems] == [
        "accounts.one.provider",
        "accounts.two.username",
        "accounts.two.password",
        "default",
    ]


def test_each_advice_about_several_problems_names_its_key(run: Run, tmp_path: Path) -> None:
    """Below several problems, each piece of advice says which key it is about."""
    table = '[accounts.one]\nprovider = "clickatell"\napi_kye = "x"\nlimts = {}\n'
    (tmp_path / "wrong.toml").write_text(table)

    ran = run("config", "show", "--config", "wrong.toml")

    assert [
        "hint: accounts.one.api_kye: did you mean 'api_key'?",
        "hint: accounts.one.limts: did you mean 'limits'?",
    ] == [line for line in ran.err.splitlines() if line.startswith("hint: ")]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("balance", "--account", "nope"), "`omnimsg config show` shows the accounts"),
        (("codes", "nope"), "`omnimsg providers` shows the installed ones"),
        (("balance", "--config", "never.toml"), "`omnimsg config schema` describes every key"),
    ],
)
def test_the_advice_fits_the_problem(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...], hint: str
) -> None:
    """The advice about a wrong name or key is not a new configuration."""
    routes = '\n[[routes]]\naccounts = ["bird"]\n' * 2
    (tmp_path / "never.toml").write_text(sandbox.config_toml() + routes)

    assert f"hint: {hint}" == run(*arguments).hint


def test_show_refuses_what_no_client_can_be_built_with(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A file that `config show` accepts is one with which a program can start."""
    file = tmp_path / "omnimsg.toml"
    setting = '[accounts.clickatell]\non_ambiguous = "resend_if_not_found"'
    file.write_text(file.read_text().replace("[accounts.clickatell]", setting))

    ran = run("config", "show")

    assert (2, "") == (ran.code, ran.out)
    assert "accounts.clickatell.on_ambiguous: clickatell cannot be asked for a message" in ran.error


@pytest.mark.parametrize("content", [None, ""])
def test_a_secret_file_without_a_secret(
    run: Run, sandbox: Sandbox, tmp_path: Path, content: str | None
) -> None:
    """The advice about the file of a secret is about that file, and not about the configuration."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace('"sandbox-not-a-secret-A=="', '"file:key"'))
    if content is not None:
        (tmp_path / "key").write_text(content)

    ran = run("balance")

    assert "accounts.clickatell.api_key: the file " in ran.error
    assert "check that the file is there, is not empty, and can be read by this user" in ran.hint


def test_a_missing_file_beside_urls(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where accounts are in `OMNIMSG_URL`, the advice says that the command does not read it."""
    monkeypatch.setenv("OMNIMSG_URL", "clickatell://KEY@main")

    ran = run("balance")

    assert "omnimsg.toml: no such file" in ran.error
    assert ran.hint.startswith("hint: the command reads a file, and not OMNIMSG_URL; ")


def test_only_the_account_that_is_used_needs_its_secrets(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A secret that is not set is an error only of commands that use its account."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace('"sandbox-password"', '"env:NO_SUCH"'))

    assert run(*SEND).code == 0
    assert run("status", "clickatell:1").code == 1
    for command in ((*SEND, "--account", "messente"), ("status", "messente:1")):
        ran = run(*command)
        assert (ran.code, "accounts.messente.password" in ran.error) == (2, True)


def test_the_default_accounts_secret_is_not_needed_for_another(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """With `--account` or an account in the id, only that account's secrets are required."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace('"sandbox-not-a-secret-A=="', '"env:NO_SUCH"'))

    assert run(*SEND, "--account", "messente").code == 0
    assert run("status", "messente:1").code == 1
    assert run(*SEND).code == 2


def test_show_says_which_account_cannot_be_used(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """An account whose secret is not set is shown with its problem and its other values."""
    file = tmp_path / "omnimsg.toml"
    file.write_text(file.read_text().replace('"sandbox-password"', '"env:NO_SUCH"'))

    ran = run("config", "show", "--json")

    rows = {row["account"]: row for row in ran.rows}
    assert ran.code == 0
    assert rows["clickatell"]["problem"] is None
    assert "NO_SUCH is not set" in rows["messente"]["problem"]
    assert rows["messente"]["values"]["password"] == {"value": "***", "source": "env:NO_SUCH"}
    assert "provider" not in rows["messente"]["values"]
    assert "cannot be used: " in run("config", "show").out


def test_show_prints_each_problem_of_an_account(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Two variables that are not set are two lines."""
    file = tmp_path / "omnimsg.toml"
    text = file.read_text().replace('"sandbox-password"', '"env:NO_SUCH"')
    file.write_text(text.replace('["sandbox-inbound-secret"]', '["env:NEITHER"]'))

    ran = run("config", "show")

    assert 2 == ran.out.count("cannot be used: ")


def test_show_has_values_as_the_file_and_where_they_come_from(
    run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list names the references in it; booleans are TOML's; a documented rate has its place."""
    monkeypatch.setenv("A_KEY", "a-signing-key-of-some-length")
    file = tmp_path / "omnimsg.toml"
    keys = '["env:A_KEY", "sandbox-signing-key"]'
    file.write_text(file.read_text().replace('["sandbox-signing-key"]', keys))

    ran = run("config", "show", "--json")

    values = {row["account"]: row["values"] for row in ran.rows}["bird"]
    assert "env:A_KEY, omnimsg.toml" == values["signing_keys"]["source"]
    assert {"value": "false", "source": "provider"} == values["batch"]
    assert {"value": "500", "source": "provider"} == values["limits.requests_per_second"]
    names = list(values)
    assert names.index("limits.requests_per_second") < names.index("limits.concurrency")


def test_show_hides_the_credentials_of_a_proxy(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A proxy's address is shown without its user and password."""
    file = tmp_path / "omnimsg.toml"
    key = 'provider = "bird"\n'
    proxy = 'proxy = "http://me:pr0xy-password@proxy.example:3128"\n'
    file.write_text(file.read_text().replace(key, key + proxy))

    ran = run("config", "show", "--json")

    values = {row["account"]: row["values"] for row in ran.rows}["bird"]
    assert values["proxy"]["value"] == "http://proxy.example:3128"
    assert "pr0xy-password" not in ran.out + ran.err


def test_schema_is_printed_or_written(run: Run, tmp_path: Path) -> None:
    """`config schema` prints the schema, or writes it as UTF-8 to a file."""
    printed = run("config", "schema")
    written = run("config", "schema", "--output", "schema.json")

    assert (printed.code, written.code) == (0, 0)
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == printed.out
    assert run("config", "schema", "--output", "no/such/folder.json").code == 2


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_file_of_a_windows_editor(
    run: Run, sandbox: Sandbox, tmp_path: Path, mark: bytes
) -> None:
    """A configuration with a byte order mark and CRLF line ends is read."""
    file = tmp_path / "omnimsg.toml"
    file.write_bytes(mark + file.read_text().replace("\n", "\r\n").encode())

    assert run("config", "show").code == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(run: Run, sandbox: Sandbox, tmp_path: Path, encoding: str) -> None:
    """A UTF-16 file, as PowerShell's `>` writes, is an error that says how to convert it."""
    file = tmp_path / "omnimsg.toml"
    file.write_bytes(file.read_text().encode(encoding))

    ran = run("config", "show")

    assert (ran.code, "UTF-16" in ran.error) == (2, True)
    assert "-Encoding utf8" in ran.hint
