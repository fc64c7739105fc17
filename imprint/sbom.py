"""The bill of materials: which software made an output folder, as CycloneDX 1.6 in JSON.

https://cyclonedx.org/docs/1.6/json/. The same software gives the same bytes.
"""

from __future__ import annotations

import datetime
import json
import platform
import re
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from imprint import __version__
from imprint.model import Edition
from imprint.publish import Finished

FILE = "sbom.cdx.json"
Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Those classifiers that mean one licence, as SPDX identifiers ("BSD License" may be any of four).
_SPDX = {
    "Apache Software License": "Apache-2.0",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


def bill(moment: datetime.datetime) -> Finished:
    """The bill of materials as a file of the output folder."""
    content = json.dumps(_document(moment), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    return Finished(Edition("sbom", "", FILE), {FILE: content.encode()})


def _document(moment: datetime.datetime) -> Json:
    components = [_component(found) for found in sorted(_installed(), key=_purl)]
    python = {
        "type": "platform",
        "bom-ref": "python",
        "name": platform.python_implementation(),
        "version": platform.python_version(),
    }
    known = json.dumps([__version__, components, python, moment.isoformat()])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Not drawn by lot, so that the same software is the same bill.
        "serialNumber": uuid5(NAMESPACE_URL, known).urn,
        "version": 1,
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": "imprint",
                "name": "Imprint",
                "version": __version__,
                "licenses": [{"expression": "AGPL-3.0-or-later"}],
            },
        },
        "components": [*components, python],
        "dependencies": [
            {"ref": "imprint", "dependsOn": ["python", *(c["bom-ref"] for c in components)]}
        ],
    }


def _installed() -> Iterator[Distribution]:
    """The distribution packages that the engine needs, and those that they need in turn."""
    seen = {"imprint"}
    waiting = list(_required("imprint"))
    while waiting:
        name = waiting.pop()
        plain = re.sub(r"[-_.]+", "-", name).lower()
        if plain in seen:
            continue
        seen.add(plain)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield found
        waiting += _required(name)


def _required(name: str) -> Iterator[str]:
    """The names of what a package asks for, extras left out."""
    try:
        wishes = metadata.requires(name) or []
    except PackageNotFoundError:
        return
    for wish in wishes:
        if "extra ==" not in wish and (match := _NAME.match(wish)):
            yield match.group()


def _purl(found: Distribution) -> str:
    """The package's address as CycloneDX and others write it (package-url)."""
    name = re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower()
    return f"pkg:pypi/{name}@{found.version}"


def _component(found: Distribution) -> Json:
    stated = licences(found)
    return {
        "type": "library",
        "bom-ref": _purl(found),
        "purl": _purl(found),
        "name": found.metadata["Name"],
        "version": found.version,
        **({"licenses": stated} if stated else {}),
    }


def licences(found: Distribution) -> list[Json]:
    """The licences that a package states, as CycloneDX writes them."""
    about = found.metadata.json
    if expression := about.get("license_expression"):
        return [{"expression": expression}]
    prefix = "License :: OSI Approved :: "
    classifiers = sorted({c for c in about.get("classifier", []) if c.startswith(prefix)})
    names = [classifier.removeprefix(prefix) for classifier in classifiers]
    if names:
        return [{"license": {"id": _SPDX[n]} if n in _SPDX else {"name": n}} for n in names]
    said = str(about.get("license", "")).strip()
    return [{"license": {"name": said}}] if said and "\n" not in said and len(said) < 80 else []
