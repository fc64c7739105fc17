"""Chapters' trees: held, or laid by and read when somebody needs them.

A tree takes ten times the memory of its text. A long book's are never all in memory: whoever works
on chapters takes one after another.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from imprint.model import Readable, Tree

# Checks read a chapter one after another; two languages may be at work.
_AT_HAND = 4
Keep = Callable[[etree._Element], Tree]


@dataclass(frozen=True)
class HeldTree:
    """A tree in memory."""

    root: etree._Element

    def read(self) -> etree._Element:
        """The tree; nobody may change it."""
        return self.root

    def take(self) -> etree._Element:
        """A tree of one's own, to be changed."""
        return copy.deepcopy(self.root)


@dataclass(frozen=True, eq=False)
class StoredTree:
    """A tree as XML that lies somewhere."""

    source: Readable

    def read(self) -> etree._Element:
        """The tree; nobody may change it."""
        return _at_hand(self)

    def take(self) -> etree._Element:
        """A tree of one's own, to be changed."""
        return parsed(self.source.read())


@lru_cache(maxsize=_AT_HAND)
def _at_hand(tree: StoredTree) -> etree._Element:
    return tree.take()


def parsed(xml: bytes) -> etree._Element:
    """A tree from its XML; raises ``lxml.etree.XMLSyntaxError``."""
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    return etree.fromstring(xml, parser)


def serialised(root: etree._Element) -> bytes:
    """A tree as XML."""
    return etree.tostring(root, encoding="utf-8", with_tail=False)
