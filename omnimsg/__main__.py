"""Run the command as `python -m omnimsg`."""

import sys

from omnimsg.cli import main

if __name__ == "__main__":
    sys.exit(main())
