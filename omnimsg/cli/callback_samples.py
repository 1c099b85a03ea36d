"""Samples of the providers' callbacks, which the sandbox builds and signs."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from omnimsg.cli.errors import CommandError
from omnimsg.config import load_config
from omnimsg.domain.secret import Secret
from omnimsg.domain.structuring import unknown_choice
from omnimsg.sandbox import CallbackDraft, CallbackSigner, SandboxState, SignedCallback
from omnimsg.sandbox.callbacks.addresses import AddressError, checked_address
from omnimsg.sandbox.callbacks.courier import new_session, post
from omnimsg.sandbox.plugins import installed_emulators

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from omnimsg.sandbox import CallbackSource

LIST_HINT = "`omnimsg trigger --list` shows the events of each provider"


@attrs.frozen(kw_only=True)
class Sample:
    """A sample that is ready to be sent."""

    event: str
    draft: CallbackDraft
    signer: CallbackSigner
    signed: SignedCallback
    genuine: bool

    def named(self) -> dict[str, Any]:
        """Return the names of the event."""
        provider, kind = self.signer.provider, self.draft.kind
        return {"event": self.event, "provider": provider, "kind": kind}


def callback_sources() -> dict[str, CallbackSource]:
    """Return the source of callbacks of each provider, by name."""
    # A new seed each time: a sample with the ids of the last one would count as its repetition.
    state = SandboxState(seed=secrets.randbits(64))
    emulators = [emulator(state) for emulator in installed_emulators()]
    return {each.name: each.callbacks for each in emulators if each.callbacks is not None}


def revealed_settings(config: Path, name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the provider of an account, and its settings with the secrets as text."""

    def revealed(value: object) -> object:
        if isinstance(value, tuple):
            return tuple(map(revealed, value))
        return value.reveal() if isinstance(value, Secret) else value

    adapter = load_config(config, default=name).adapters[name]
    settings = attrs.asdict(adapter.account.settings, recurse=False)
    return adapter.provider, {key: revealed(value) for key, value in settings.items()}


def build_sample(
    event: str, provider: str, url: str, settings: Mapping[str, Any] | None, *, genuine: bool
) -> Sample:
    """Build and sign the sample of an event.

    Args:
        event: The event, by omnimsg's or the provider's name.
        provider: The provider.
        url: The address to call.
        settings: Those of the account to sign with; `None` for the sandbox's public ones.
        genuine: Whether the signature is right.

    Raises:
        CommandError: There is no such provider or event, or the address or a secret cannot be used.
    """
    sources = callback_sources()
    if provider not in sources:
        raise CommandError(f"provider {provider!r}: {unknown_choice(provider, sources)}", LIST_HINT)
    source = sources[provider]
    build = source.sample_of(event)
    if build is None:
        raise CommandError(
            f"{provider} has no event {event!r}: {unknown_choice(event, source.samples())}",
            LIST_HINT,
        )
    signer, draft = source.signer, build()
    try:
        address = checked_address(url)
        if settings is not None:
            signer = type(signer).of_account(settings)
            address = signer.complete(address)
        signed = signer.sign(draft, address, time.time())
    except AddressError as error:
        raise CommandError(f"--{error}", "name the address of your endpoint with --url") from None
    except ValueError as error:
        raise CommandError(f"the account {error}", "add a secret to its configuration") from None
    if not genuine:
        signed = signer.spoil(signed)
    return Sample(event=event, draft=draft, signer=signer, signed=signed, genuine=genuine)


def post_sample(sample: Sample) -> tuple[int | None, str | None]:
    """Send a sample; return the HTTP status, or the name of the error instead."""

    async def send() -> tuple[int | None, str | None]:
        async with new_session() as session:
            return await post(session, sample.signed)

    return anyio.run(send)
