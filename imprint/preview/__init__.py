"""The live preview: the web edition and the printed pages side by side while an author writes.

``proof`` makes the pages of one language, ``galleys`` turns them into pictures, ``desk`` makes
them anew when files change; ``app`` answers the browser behind ``guard``, and ``server`` runs it.
"""
