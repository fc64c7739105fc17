"""Say what pip-audit found, from its JSON on standard input; exit code 1 tells of known flaws.

Where the advisories cannot be had, nothing was audited: that is said and is no failure.
"""

from __future__ import annotations

import json
import sys


def main() -> int:
    """Print the flaws, or how many packages have none."""
    try:
        found = json.load(sys.stdin)["dependencies"]
    except (ValueError, KeyError):
        print("audit: pip-audit gave no answer: nothing was audited.")
        return 0
    audited = [each for each in found if "vulns" in each]
    flaws = [(each, flaw) for each in audited for flaw in each["vulns"]]
    for each, flaw in flaws:
        mended = ", ".join(flaw.get("fix_versions", ())) or "no version yet"
        print(f"audit: {each['name']} {each['version']}: {flaw['id']}, mended in {mended}")
    if not audited:
        print("audit: the advisories cannot be had from here: nothing was audited.")
    else:
        print(f"audit: {len(flaws)} known flaws in {len(audited)} of {len(found)} packages.")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
