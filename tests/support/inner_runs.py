"""Import all of omnimsg before pytest runs tests inside a test, in the same process.

Such a run removes the modules that it imported from `sys.modules`. A later import creates other
classes of the same names, and objects built with the first ones do not match them: the code that
reads messages no longer caught the errors of cattrs.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import omnimsg
import omnimsg_bird
import omnimsg_clickatell
import omnimsg_messente

# Imported by omnimsg at their first use, which keeps their classes.
_LATER = ("cattrs", "phonenumbers")
# The program, and a module's former name, which warns.
_NOT_IMPORTED = ("omnimsg.__main__", "omnimsg.domain.privacy")


def import_what_stays() -> None:
    """Import all of omnimsg, and the packages that it imports later."""
    for package in (omnimsg, omnimsg_bird, omnimsg_clickatell, omnimsg_messente):
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if each.name not in _NOT_IMPORTED:
                import_module(each.name)
    for name in _LATER:
        import_module(name)
