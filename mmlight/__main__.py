"""``python -m mmlight`` is the command ``mmlight``."""

import sys

from mmlight.cli import main

if __name__ == "__main__":
    sys.exit(main())
