"""Recognise what programs write into a cell in place of a value that they do not have.

Spreadsheets export the error value of a formula, data frames and databases a mark of their own. It
would be texted: "Hello nan". Words that people write too (`None`, `null`) are left alone.
"""

from __future__ import annotations

import re

# Error values as Excel writes them.
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
# Of pandas, SQL Server's and PostgreSQL's exports, and printf.
_MARKS = "nan NaN NaT <NA> NULL (null) \\N"
_VALUES = frozenset(each for values in (*_BY_LANGUAGE.values(), _MARKS) for each in values.split())
# LibreOffice's numbered errors, and a column that was too narrow for its numbers.
_PATTERN = re.compile(r"(?:Err|Fehler|Erreur|Fout) ?: ?[0-9]{3}|#{3,}")


def is_missing_value(cell: str) -> bool:
    """Return whether a cell holds nothing but what stands for a missing value."""
    cell = cell.strip()
    return cell in _VALUES or _PATTERN.fullmatch(cell) is not None
