"""Build every edition of source/ into output/; takes the options of ``imprint build``."""

import sys
from pathlib import Path

from imprint.commands import main

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    given = sys.argv[1:]
    folder = [] if any(Path(word).is_dir() for word in given) else [str(here / "source")]
    main(["build", *folder, *given], prog_name="python build.py")
