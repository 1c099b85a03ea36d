"""The goals: for each figure, the required value, the target, and its computation from samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from spread import Spread, paired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Samples = dict[str, list[float]]


@attrs.frozen(kw_only=True)
class Goal:
    """One figure and its limits.

    Attributes:
        name: The description of the figure.
        must: The required value.
        aim: The target.
        unit: The unit of a value.
        digits: Decimal places of a value.
        at_least: Whether a higher value is better.
        informs: Whether the figure is only shown, because it depends on the load of the machine.
        of: Computes the figure from the samples, once for each round; empty without samples.
    """

    name: str
    must: float
    aim: float
    unit: str = "x"
    digits: int = 2
    at_least: bool = False
    informs: bool = False
    of: Callable[[Samples], list[float]]

    def holds(self, value: float, limit: float) -> bool:
        """Return whether a value is within a limit."""
        return value >= limit if self.at_least else value <= limit

    def judged(self, samples: Samples) -> dict[str, Any]:
        """Return the figure, its limits and its verdict, as text for the docs."""
        values = self.of(samples)
        figure: dict[str, Any] = {
            "name": self.name,
            "must": self._shown(self.must),
            "aim": self._shown(self.aim),
            "measured": "not measured",
            "verdict": "",
            "values": [round(each, 4) for each in values],
        }
        if not values:
            return figure
        spread = Spread.of(values)
        median, low, high = (
            f"{each:.{self.digits}f}" for each in (spread.median, spread.low, spread.high)
        )
        measured = f"{median}{self.unit}"
        if low != high:
            measured += f" [{low} to {high}]"
        return {**figure, "measured": measured, "verdict": self._verdict(spread.median)}

    def _shown(self, limit: float) -> str:
        return f"{'>=' if self.at_least else '<='} {limit:g}{self.unit}"

    def _verdict(self, value: float) -> str:
        if self.holds(value, self.aim):
            return "aim reached"
        if self.holds(value, self.must):
            return "must reached"
        return "informative" if self.informs else "missed"


def _ratio(one: str, other: str) -> Callable[[Samples], list[float]]:
    def of(samples: Samples) -> list[float]:
        if one not in samples or other not in samples:
            return []
        return paired(samples[one], samples[other])

    return of


def _difference(one: str, other: str) -> Callable[[Samples], list[float]]:
    def of(samples: Samples) -> list[float]:
        if one not in samples or other not in samples:
            return []
        return [a - b for a, b in zip(samples[one], samples[other], strict=True)]

    return of


def _plain(name: str) -> Callable[[Samples], list[float]]:
    return lambda samples: samples.get(name, [])


def _over_tls(one: str, other: str, title: str) -> dict[str, Goal]:
    """Return the goals of a ratio under TLS: how much it exceeds the ratio without TLS."""

    def more(
        under_tls: tuple[str, str], plain: tuple[str, str]
    ) -> Callable[[Samples], list[float]]:
        def of(samples: Samples) -> list[float]:
            ratios = _ratio(*under_tls)(samples), _ratio(*plain)(samples)
            return [a - b for a, b in zip(*ratios, strict=False)]

        return of

    counts = f"instructions {one}", f"instructions {other}"
    times = f"{one}/asyncio", f"{other}/asyncio"
    return {
        f"instructions of {one} over TLS": Goal(
            name=f"{title}: instructions, more than the same ratio without TLS",
            must=0.05,
            aim=0.0,
            of=more((f"{counts[0]} TLS", f"{counts[1]} TLS"), counts),
        ),
        f"{one} over TLS": Goal(
            name="the same: CPU (asyncio)",
            must=0.05,
            aim=0.0,
            of=more((f"{times[0]} TLS", f"{times[1]} TLS"), times),
        ),
    }


def _peer(name: str, title: str, *, must: float, aim: float) -> Goal:
    return Goal(
        name=f"one message a request against {title}: CPU per message",
        must=must,
        aim=aim,
        unit="x cheaper",
        digits=1,
        at_least=True,
        of=_ratio(f"{name}/asyncio", "single/asyncio"),
    )


def _start(what: str, *, must: float, aim: float) -> Goal:
    return Goal(
        name=f"`{what}` against `import aiohttp`: instructions",
        must=must,
        aim=aim,
        of=_ratio(f"start {what}", "start import aiohttp"),
    )


def _reports(provider: str, verified_by: str) -> dict[str, Goal]:
    title = f"a report of {provider.capitalize()} ({verified_by}) by `client.receiver`"
    return {
        f"{provider} reports": Goal(
            name=f"{title} against a bare aiohttp.web handler: CPU (asyncio)",
            must=1.5,
            aim=1.2,
            of=_ratio(f"{provider}_reports/asyncio", f"bare_{provider}/asyncio"),
        ),
        f"{provider} reports, instructions": Goal(
            name="the same: instructions",
            must=1.5,
            aim=1.2,
            of=_ratio(f"instructions {provider}_reports", f"instructions bare_{provider}"),
        ),
    }


def _reports_on_uvicorn(provider: str, verified_by: str) -> dict[str, Goal]:
    title = f"a report of {provider.capitalize()} ({verified_by}) by `client.receiver` on uvicorn"
    bare = {
        "a bare aiohttp.web handler": f"bare_{provider}",
        "a bare ASGI handler on uvicorn": f"bare_{provider}_uvicorn",
    }
    return {
        f"{provider} reports on uvicorn, {name}": Goal(
            name=f"{title} against {what}: CPU (asyncio)",
            must=1.5,
            aim=1.2,
            of=_ratio(f"{provider}_reports_uvicorn/asyncio", f"{name}/asyncio"),
        )
        for what, name in bare.items()
    }


def _cost_by_size(what: str, title: str) -> Goal:
    return Goal(
        name=f"{title}, 1,000,000 known messages against 1,000: CPU",
        must=1.5,
        aim=1.2,
        of=_ratio(f"{what} of 1000000", f"{what} of 1000"),
    )


GOALS: Mapping[str, Goal] = {
    "instructions": Goal(
        name="one message a request: instructions against the bare aiohttp loop (asyncio)",
        must=1.0,
        aim=0.95,
        of=_ratio("instructions single", "instructions floor"),
    ),
    "awaited": Goal(
        name="`await send`, one message a request: instructions against the same loop",
        must=1.10,
        aim=0.95,
        of=_ratio("instructions awaited", "instructions floor"),
    ),
    "journal": Goal(
        name="one message a request with a journal that does nothing: instructions against none",
        must=1.15,
        aim=1.05,
        of=_ratio("instructions journal", "instructions single"),
    ),
    "journal of batches": Goal(
        name="the same in batches of 100",
        must=1.08,
        aim=1.03,
        of=_ratio("instructions journal_batches", "instructions batches"),
    ),
    "options": Goal(
        name="batches of 100, each message with sender and ttl: instructions against plain texts",
        must=1.6,
        aim=1.2,
        of=_ratio("instructions options", "instructions batches"),
    ),
    "templates": Goal(
        name="the same, each message a template",
        must=4.0,
        aim=2.5,
        of=_ratio("instructions templates", "instructions batches"),
    ),
    "deadlines": Goal(
        name="1,000 callers with deadlines of 5 to 10 s: CPU per message against equal ones",
        must=2.5,
        aim=1.3,
        of=_ratio("deadlines/asyncio", "callers/asyncio"),
    ),
    "single": Goal(
        name="one message a request against the bare aiohttp loop: CPU time on uvloop",
        must=1.20,
        aim=1.10,
        of=_ratio("single/uvloop", "floor/uvloop"),
    ),
    "batches": Goal(
        name="`send_many`, batches of 100: CPU per message against the hand-written loop (asyncio)",
        must=1.6,
        aim=1.25,
        of=_ratio("batches/asyncio", "hand/asyncio"),
    ),
    "instructions of batches": Goal(
        name="the same: instructions",
        must=1.95,
        aim=1.7,
        of=_ratio("instructions batches", "instructions hand"),
    ),
    "batches on uvloop": Goal(
        name="the same on uvloop",
        must=1.6,
        aim=1.25,
        of=_ratio("batches/uvloop", "hand/uvloop"),
    ),
    "callers": Goal(
        name="`await send`, 1,000 callers, against the same loop (asyncio)",
        must=2.5,
        aim=1.8,
        of=_ratio("callers/asyncio", "hand/asyncio"),
    ),
    "callers on uvloop": Goal(
        name="the same on uvloop",
        must=2.5,
        aim=1.8,
        of=_ratio("callers/uvloop", "hand/uvloop"),
    ),
    "callers by hand": Goal(
        name="the same against a hand-written sender of the same 1,000 callers (asyncio)",
        must=2.5,
        aim=1.8,
        informs=True,
        of=_ratio("callers/asyncio", "hand_callers/asyncio"),
    ),
    "batching": Goal(
        name="batches of 100 against one message a request: CPU per message (asyncio)",
        must=20,
        aim=25,
        unit="x cheaper",
        digits=1,
        at_least=True,
        of=_ratio("single/asyncio", "batches/asyncio"),
    ),
    "file": Goal(
        name="a file by `send-many` against `send_many`, one message a request: CPU (asyncio)",
        must=2.0,
        aim=1.4,
        of=_ratio("file/asyncio", "single/asyncio"),
    ),
    "status": Goal(
        name="`status` against a bare GET: CPU (asyncio)",
        must=1.5,
        aim=1.2,
        of=_ratio("status/asyncio", "get/asyncio"),
    ),
    "sandbox": Goal(
        name="the sandbox against the client, one message a request: CPU (asyncio)",
        must=1.2,
        aim=0.8,
        of=_ratio("sandbox/asyncio", "single/asyncio"),
    ),
    "accounts": Goal(
        name="`Client.from_config`, 100 accounts against 1: CPU",
        must=4.0,
        aim=2.0,
        of=_ratio("many_accounts/asyncio", "one_account/asyncio"),
    ),
    "idle accounts": Goal(
        name="`await send` through ten accounts of 1,000 against ten of ten: CPU",
        must=1.1,
        aim=1.02,
        of=_ratio("thousand_accounts/asyncio", "ten_accounts/asyncio"),
    ),
    "routes": Goal(
        name="ten rules against one account without routes, batches of 100: CPU a message more",
        must=1.0,
        aim=0.7,
        unit=" us",
        of=_difference("routed/asyncio", "batches/asyncio"),
    ),
    "routes of callers": Goal(
        name="the same, `await send` by 1,000 callers",
        must=1.0,
        aim=0.7,
        unit=" us",
        of=_difference("routed_callers/asyncio", "callers/asyncio"),
    ),
    "instructions of routes": Goal(
        name="the same in batches of 100: instructions",
        must=1.10,
        aim=1.05,
        of=_ratio("instructions routed", "instructions batches"),
    ),
    "instructions of accounts": Goal(
        name="`await send` through ten accounts of 1,000 against ten of ten: instructions",
        must=1.02,
        aim=1.005,
        of=_ratio("instructions thousand_accounts", "instructions ten_accounts"),
    ),
    "import": _start("import omnimsg", must=0.20, aim=0.10),
    "version": _start("omnimsg --version", must=0.25, aim=0.21),
    "help": _start("omnimsg --help", must=0.90, aim=0.70),
    **_over_tls("single", "floor", "one message a request over TLS against the bare aiohttp loop"),
    **_over_tls("batches", "hand", "batches of 100 over TLS against the hand-written loop"),
    "messente_api": _peer("messente_api", "messente-api", must=3, aim=4),
    "twilio_async": _peer("twilio_async", "the Twilio async client", must=1.7, aim=2),
    "apprise_json": _peer("apprise_json", "Apprise", must=7, aim=10),
    "growth": Goal(
        name="a stream of 1,000,000 messages: growth of resident memory",
        must=5.0,
        aim=0.0,
        unit=" MB",
        digits=1,
        of=_plain("growth MB"),
    ),
    "parked": Goal(
        name="a parked `send`",
        must=1.3,
        aim=1.0,
        unit=" KB",
        of=_plain("parked KB"),
    ),
    **_reports("bird", "HMAC"),
    **_reports("messente", "HMAC"),
    **_reports("clickatell", "secret in the path"),
    **_reports_on_uvicorn("bird", "HMAC"),
    "tracked reports": _cost_by_size("reports", "the tracker: a report of a known message"),
    "tracked sends": _cost_by_size(
        "sends", "the tracker: a send that pushes out the oldest message"
    ),
    "known message": Goal(
        name="a known message of which two reports came: resident memory",
        must=1.5,
        aim=1.2,
        unit=" KB",
        of=_plain("known message KB"),
    ),
    "p50": Goal(
        name="200 messages/s on a 20 ms provider: p50 of `await send` against one POST each",
        must=1.02,
        aim=1.00,
        informs=True,
        of=_ratio("p50 send", "p50 direct"),
    ),
    "p99": Goal(
        name="the same: p99",
        must=1.15,
        aim=1.00,
        informs=True,
        of=_ratio("p99 send", "p99 direct"),
    ),
    "p99 at 1,000/s": Goal(
        name="1,000 messages/s there: p99 against one POST each",
        must=1.20,
        aim=1.10,
        informs=True,
        of=_ratio("p99 send 1000/s", "p99 direct 1000/s"),
    ),
}


def judged(samples: Samples, names: Sequence[str] = tuple(GOALS)) -> list[dict[str, Any]]:
    """Return these figures, in this order."""
    return [GOALS[name].judged(samples) for name in names]
