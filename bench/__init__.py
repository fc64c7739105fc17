"""Benchmarks: realistic books of any length, and a runner that times builds side by side."""
