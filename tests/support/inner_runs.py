"""What pytest needs before it runs tests inside a test, in the same process.

Such a run takes out of `sys.modules` what it has imported. Whoever imports that again gets other
classes of the same names, whereas what was built with the first ones stays: the errors of cattrs
were not known any more to what reads a message.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import omnimsg
import omnimsg_bird
import omnimsg_clickatell
import omnimsg_messente

# What omnimsg imports when it is first needed, and keeps something of.
_LATER = ("cattrs", "phonenumbers")
# A program, and the former name of a module, which warns.
_NOT_IMPORTED = ("omnimsg.__main__", "omnimsg.domain.privacy")


def import_what_stays() -> None:
    """Import all of omnimsg, and what it imports later."""
    for package in (omnimsg, omnimsg_bird, omnimsg_clickatell, omnimsg_messente):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if each.name not in _NOT_IMPORTED:
                import_module(each.name)
    for name in _LATER:
        import_module(name)
