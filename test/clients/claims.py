"""What the clients in Python share."""

import os
import re


def claim(text, got, expected):
    """A check, as the line that tells of it"""
    if got == expected:
        print(f"ok {text}", flush=True)
    else:
        line = f"FAILED {text}: got {got!r}, expected {expected!r}"
        print(re.sub(r"\s*\n\s*", " | ", line), flush=True)


preloaded = os.environ.get("PRELOADED") == "1"
