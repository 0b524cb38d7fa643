"""`python -m groundspan_collector` is `groundspan`."""

import sys

from groundspan_collector.cli import main

sys.exit(main())
