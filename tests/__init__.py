"""The tests; a package of its own, so that no library that installs a `tests` hides it."""
