"""Let `python -m omnimsg` be the command."""

import sys

from omnimsg.cli import main

if __name__ == "__main__":
    sys.exit(main())
