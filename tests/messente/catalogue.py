"""Every kind of message that Messente takes, with its JSON in a request."""

from __future__ import annotations

from messente.cases import BUTTON, FILM, OTHER, PAGE, PICTURE, URL, VIDEO, Case
from messente.catalogue_rcs import RCS
from messente.catalogue_whatsapp import WHATSAPP

from omnimsg import (
    Card,
    Carousel,
    Interactive,
    Media,
    OpenMedia,
    OpenUrl,
    Template,
    Text,
    TextParameter,
)
from omnimsg.domain.content import (
    Autoconvert,
)

CATALOGUE: dict[str, Case] = {
    "sms": Case("sms", Text("Your table is ready"), {"text": "Your table is ready"}),
    "sms: other alphabets": Case("sms", Text("Grüße, стол 🍽"), {"text": "Grüße, стол 🍽"}),
    "sms: header": Case(
        "sms", Text("Part", udh="050003A10201"), {"text": "Part", "udh": "050003A10201"}
    ),
    **{
        f"sms: autoconvert {each}": Case(
            "sms", Text("“Hi”", autoconvert=each), {"text": "“Hi”", "autoconvert": each.value}
        )
        for each in Autoconvert
    },
    # Viber's combinations, in the order of the document.
    "viber: image": Case("viber", Media((PICTURE,)), {"image_url": URL}),
    "viber: text": Case("viber", Text("x" * 1000), {"text": "x" * 1000}),
    "viber: text, button": Case(
        "viber",
        Interactive("Hi", (BUTTON,)),
        {"text": "Hi", "button_text": "Open", "button_url": PAGE},
    ),
    "viber: text, image, button": Case(
        "viber",
        Interactive("Hi", (BUTTON,), header=PICTURE),
        {"text": "Hi", "image_url": URL, "button_text": "Open", "button_url": PAGE},
    ),
    "viber: video": Case("viber", Media((FILM,)), {"video": VIDEO}),
    "viber: video, text": Case("viber", Media((FILM,), "Hi"), {"video": VIDEO, "text": "Hi"}),
    "viber: video, text, button": Case(
        "viber",
        Interactive("Hi", (OpenMedia("Watch"),), header=FILM),
        {"video": VIDEO, "text": "Hi", "button_text": "Watch"},
    ),
    "viber: video, text, button elsewhere": Case(
        "viber",
        Interactive("Hi", (BUTTON,), header=FILM),
        {"video": VIDEO, "text": "Hi", "button_text": "Open", "button_url": PAGE},
    ),
    "viber: carousel": Case(
        "viber",
        Carousel(
            (
                Card(title="Fi", media=PICTURE, actions=(BUTTON,)),
                Card(title="x" * 38, media=PICTURE, actions=(BUTTON, OpenUrl("More", OTHER))),
            ),
            "Tonight",
        ),
        {
            "text": "Tonight",
            "carousel": {
                "items": [
                    {
                        "title": "Fi",
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                    },
                    {
                        "title": "x" * 38,
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                        "secondary_button": {"label": "More", "action_url": OTHER},
                    },
                ]
            },
        },
    ),
    "viber: carousel of five": Case(
        "viber",
        Carousel(tuple([Card(title="Fish", media=PICTURE, actions=(BUTTON,))] * 5), "Tonight"),
        {
            "text": "Tonight",
            "carousel": {
                "items": [
                    {
                        "title": "Fish",
                        "image_url": URL,
                        "primary_button": {"label": "Open", "action_url": PAGE},
                    }
                ]
                * 5
            },
        },
    ),
    "viber: template": Case(
        "viber", Template("t-1", "en"), {"template": {"id": "t-1", "lang": "en"}}
    ),
    "viber: template, filled": Case(
        "viber",
        Template(
            "t-1", "de", body=[TextParameter("Ola", name="guest"), TextParameter("", name="b")]
        ),
        {"template": {"id": "t-1", "lang": "de", "params": {"guest": "Ola", "b": ""}}},
    ),
    **WHATSAPP,
    **RCS,
}
