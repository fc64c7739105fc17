"""The judges of the editions, which live in the engine so that users have them too."""

from imprint.validators import (
    ValidatorError,
    ace,
    axe,
    axe_violations,
    browser,
    chromium,
    epubcheck,
    qpdf_check,
    served,
    verapdf,
    verapdf_many,
)

__all__ = [
    "ValidatorError",
    "ace",
    "axe",
    "axe_violations",
    "browser",
    "chromium",
    "epubcheck",
    "qpdf_check",
    "served",
    "verapdf",
    "verapdf_many",
]
