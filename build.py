"""The one door for a contributor: ``python3 build.py {setup,demo,test,lint,bench,package} --help``.

Needs Python alone; everything else is installed into ``.venv``. The work is done in ``tools/``: this file
keeps to words that any Python 3 understands, so that an old one gets a sentence and no traceback.
"""

import signal
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "MMTalker is built with Python 3.11 or newer, and this is Python %d.%d.\n"
        "Install Python 3.11 (https://www.python.org/downloads/ or your package manager) and run this again "
        "with it, for example: python3.11 build.py demo" % sys.version_info[:2]
    )

from tools.commands import main

if __name__ == "__main__":
    # Ended from outside, it takes the program that it runs along, which is in a session of its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
