"""A browser for `$BROWSER`: it opens the address that it is given, and follows where that leads."""

from __future__ import annotations

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=20) as page:
    page.read()
