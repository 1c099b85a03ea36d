"""Recognise what a spreadsheet writes in place of a value that it could not compute.

It exports these as it shows them, so a formula that failed would be texted as `#NAME?`. Excel and
LibreOffice translate them; a text that only resembles one, such as a hashtag, is left alone.
"""

from __future__ import annotations

import re

# As Excel writes them.
_BY_LANGUAGE = {
    "English and others": "#NULL! #DIV/0! #VALUE! #REF! #NAME? #NUM! #N/A #ERROR! #SPILL!"
    " #CALC! #FIELD! #BLOCKED! #UNKNOWN! #CONNECT! #BUSY! #GETTING_DATA #EXTERNAL! #PYTHON!",
    "German": "#WERT! #BEZUG! #ZAHL! #NV #ÜBERLAUF!",
    "French": "#NUL! #VALEUR! #NOM? #NOMBRE! #PROPAGATION!",
    "Spanish": "#¡NULO! #¡DIV/0! #¡VALOR! #¡REF! #¿NOMBRE? #¡NUM! #N/D #¡DESBORDAMIENTO!",
    "Italian": "#NULLO! #VALORE! #RIF! #NOME?",
    "Portuguese": "#NULO! #VALOR! #NOME? #NÚM!",
    "Dutch": "#LEEG! #DEEL/0! #WAARDE! #VERW! #NAAM? #GETAL! #N/B",
    "Polish": "#ZERO! #DZIEL/0! #ARG! #ADR! #NAZWA? #LICZBA! #N/D!",
    "Czech": "#HODNOTA! #ODKAZ! #NÁZEV? #ČÍSLO! #NENÍ_K_DISPOZICI",
    "Russian": "#ПУСТО! #ДЕЛ/0! #ЗНАЧ! #ССЫЛКА! #ИМЯ? #ЧИСЛО! #Н/Д #ПЕРЕНОС!",  # noqa: RUF001
    "Swedish": "#SKÄRNING! #DIVISION/0! #VÄRDEFEL! #REFERENS! #NAMN? #OGILTIGT! #SAKNAS!",
    "Danish, Norwegian": "#VÆRDI! #VERDI! #REFERENCE! #NAVN? #I/T",
    "Finnish": "#TYHJÄ! #JAKO/0! #ARVO! #VIITTAUS! #NIMI? #LUKU! #PUUTTUU!",
    "Turkish": "#BOŞ! #SAYI/0! #DEĞER! #BAŞV! #AD? #SAYI! #YOK",
    "Hungarian": "#NULLA! #ZÉRÓOSZTÓ! #ÉRTÉK! #HIV! #NÉV? #SZÁM! #HIÁNYZIK",
}
_ERROR_VALUES = frozenset(each for values in _BY_LANGUAGE.values() for each in values.split())
# LibreOffice's numbered errors, and a column that was too narrow for its numbers.
_PATTERN = re.compile(r"(?:Err|Fehler|Erreur|Fout) ?: ?[0-9]{3}|#{3,}")
_FIRST = frozenset("#EF")


def is_error_value(cell: str) -> bool:
    """Return whether a cell holds nothing but the error value of a spreadsheet."""
    cell = cell.strip()
    # Few cells begin so, and all cells of a file are asked.
    return cell[:1] in _FIRST and (cell in _ERROR_VALUES or _PATTERN.fullmatch(cell) is not None)
