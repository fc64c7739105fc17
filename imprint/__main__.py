"""``python -m imprint``."""

from imprint.commands import main

if __name__ == "__main__":
    main(prog_name="imprint")
