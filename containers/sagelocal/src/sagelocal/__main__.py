"""`python -m sagelocal`."""

import sys

from sagelocal.cli import main

sys.exit(main())
