"""``python path/to/vendor``: the backend with nothing installed, since Python puts the folder on its path."""

from __future__ import annotations

import sys

from mmtalker.cli import main

if __name__ == "__main__":
    sys.exit(main())
